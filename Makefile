# Two commands do all set-up: `make demo` runs the main job, `make test` runs the tests.
PYTHON ?= python3
# DeepLabCut's TensorFlow engine needs exactly Python 3.11: that of its environment, else PYTHON,
# else the one on the PATH. Empty where there is none.
PYTHON_TF ?= $(shell for each in .venv-tf/bin/python $(PYTHON) python3.11; do \
  "$$each" -c $(IS_3_11) 2>/dev/null && echo "$$each" && break; done)
IS_3_11 := 'import sys; sys.exit(sys.version_info[:2] != (3, 11))'
TELL_OF_TENSORFLOW := [ -e .venv-tf/.ready ] || { echo; \
  echo "!! SKIPPED: the tests that train with TensorFlow. It needs Python 3.11, and there is none."; \
  echo "!! To run them: make PYTHON_TF=/path/to/python3.11 test"; echo; } >&2
TELL_OF_ENGINE = $(BIN)/python -c \
  'import sys; from dlc_batch.local.images import working_engine; sys.exit(not working_engine())' || \
  { echo; echo "!! SKIPPED: the tests with containers. Neither podman nor docker runs here."; \
  echo "!! To run them: see \"Trying the trainer's image\" in CONTRIBUTING.md."; echo; } >&2
TELL_OF_BROWSER = $(BIN)/python -m tests.browser.chromium || \
  { echo; echo "!! SKIPPED: the tests of pages in a browser. There is no Chromium."; \
  echo "!! To run them: install Debian's package chromium, or npm, or set DLC_BATCH_CHROMIUM."; \
  echo; } >&2
BIN := .venv/bin
CONSTRAINTS := requirements/constraints.txt
CONSTRAINTS_TF := requirements/constraints-tensorflow.txt
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint $(CONSTRAINTS)
SOURCES := core src functions trainer_image tests benchmarks docs

.PHONY: help demo test test-long burst test-image tensorflow browser fuzz lint typecheck docs
.PHONY: mails pictures lock clean

help:  ## Show what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: .venv/.for-demo  ## Train a drawn project on this computer, from upload to mail
	$(BIN)/python -m dlc_batch.demo

# Its environments are made two at a time: each takes minutes, and a core.
test:  ## Run all tests
	@$(MAKE) --silent --jobs 2 .venv/.for-test .venv-sam/.ready .venv-tools/.ready tensorflow browser
	@$(MAKE) --silent lint typecheck
	$(BIN)/python -m pytest -m "not long and not image" -n 2 --dist loadfile --durations 25
	@$(TELL_OF_TENSORFLOW)
	@$(TELL_OF_ENGINE)
	@$(TELL_OF_BROWSER)

test-long: .venv/.for-test .venv-sam/.ready tensorflow  ## Run the long proofs
	$(BIN)/python -m pytest -m long
	@$(TELL_OF_TENSORFLOW)

test-image: .venv/.for-test  ## Build the trainer's image and train in it; needs podman or docker
	$(BIN)/python -m pytest -m image -s tests/image
	@$(TELL_OF_ENGINE)

tensorflow:  # its environment, where it can be had; without, the tests that need it are skipped
	@[ -z "$(PYTHON_TF)" ] || $(MAKE) --silent .venv-tf/.ready
	@$(TELL_OF_TENSORFLOW)

browser: .venv/.for-test  # one, where it can be had; without, the tests of pages are skipped
	@$(BIN)/python -m tests.browser.chromium --installed || ! command -v npm > /dev/null || \
	  $(MAKE) --silent .browser/.ready || true
	@$(TELL_OF_BROWSER)

burst: .venv/.for-test  ## Send 1,000 uploads to a local cloud at once; prints how the load grows
	$(BIN)/python -m tests.burst

fuzz: .venv/.for-test  ## Put 200,000 mutated uploads through the check; keeps what breaks it
	$(BIN)/python -m tests.fuzz --count 200000 --seed 1 --workers 2 --finds build/fuzz-finds

lint: .venv/.for-test  ## Check style
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)

typecheck: .venv/.for-test  ## Check types
	$(BIN)/mypy
	for function in complete sweep image; do $(BIN)/mypy functions/$$function/app.py || exit; done

docs: .venv/.for-demo  ## Write the generated pages of docs/ anew
	$(BIN)/python docs/generate.py

pictures: browser demo-project/report.html  ## Take the documentation's pictures of pages anew
	$(BIN)/python -m tests.browser.pictures demo-project/report.html docs/pictures

demo-project/report.html: | .venv/.for-demo
	$(BIN)/python -m dlc_batch.demo
mails: .venv/.for-test  ## Write the golden texts of the mails anew; read them before you commit
	$(BIN)/python -m tests.core.mail_records

lock: .venv/.for-test .venv-tools/.ready  ## Write constraints and locks anew from what is installed
	$(call FREEZE,.venv,$(CONSTRAINTS))
	[ ! -e .venv-tf/.ready ] || { $(call FREEZE,.venv-tf,$(CONSTRAINTS_TF)); }
	$(LOCK) core/requirements.in --constraint $(CONSTRAINTS) --universal --python-version 3.13 \
	  --output-file core/requirements.txt
	$(LOCK) requirements/lambda.in --constraint $(CONSTRAINTS) --universal --python-version 3.13 \
	  --output-file requirements/lambda.txt
	$(LOCK) requirements/tools.in --universal --python-version 3.11 --output-file requirements/tools.txt
	$(LOCK) trainer_image/requirements.txt --constraint $(CONSTRAINTS) $(OF_IMAGE) \
	  --output-file requirements/trainer-pytorch.txt
	$(LOCK) requirements/tensorflow.txt --constraint $(CONSTRAINTS_TF) $(OF_IMAGE) \
	  --output-file requirements/trainer-tensorflow.txt

# Every package that a list needs, with the hashes of its files: pip then takes no other file.
LOCK = UV_CUSTOM_COMPILE_COMMAND="make lock" .venv-tools/bin/uv pip compile --quiet --no-annotate \
  --generate-hashes
OF_IMAGE := --python-version 3.11 --python-platform x86_64-unknown-linux-gnu

# Of an environment, into a file that keeps its first line.
FREEZE = ( head -n 1 $(2); \
  $(1)/bin/python -m pip freeze --exclude-editable --exclude pip --exclude setuptools ) > $(2).new \
  && mv $(2).new $(2)

clean:  ## Remove the environments and the local cloud
	-[ ! -x $(BIN)/dlc-batch ] || $(BIN)/dlc-batch local down
	rm -rf .venv .venv-sam .venv-tools .venv-tf .browser .aws-sam .local-cloud

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 ..." >&2; exit 2; }
	@echo "Making the environment .venv ..."
	$(PYTHON) -m venv .venv

.venv/.for-demo: .venv/bin/python pyproject.toml $(CONSTRAINTS)
	@echo "Installing DeepLabCut, PyTorch and the local cloud into .venv: about 7 GB, 2 to 6 minutes ..."
	$(PIP) --editable '.[local,train,console]'
	@touch $@

.venv/.for-test: .venv/.for-demo
	@echo "Installing what the tests need into .venv ..."
	$(PIP) --editable '.[local,train,console,dev]'
	@touch $@

.venv-sam/.ready: requirements/sam.txt
	@echo "Installing SAM CLI into .venv-sam ..."
	$(PYTHON) -m venv .venv-sam
	.venv-sam/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@

# With uv, for pip needs a minute and more for it. In `lambda`, what Lambda's runtime would hold.
.venv-tools/.ready: requirements/tools.txt requirements/lambda.txt
	@echo "Installing what checks the template into .venv-tools ..."
	$(PYTHON) -m venv .venv-tools
	.venv-tools/bin/python -m pip install --quiet --disable-pip-version-check \
	  "$$(grep -o '^uv==[^ ]*' $<)"
	.venv-tools/bin/uv pip install --quiet --require-hashes --python .venv-tools --requirement $<
	.venv-tools/bin/uv pip install --quiet --require-hashes --python-version 3.13 --only-binary :all: \
	  --target .venv-tools/lambda --requirement requirements/lambda.txt
	@touch $@

# A headless Chromium with the libraries it needs, of an npm package: no root.
.browser/.ready: tests/browser/make.py
	@echo "Bringing a headless Chromium into .browser: 70 MB ..."
	$(BIN)/python -m tests.browser.make .browser
	@touch $@

# DeepLabCut's TensorFlow engine wants older packages than its PyTorch engine: its tests train here.
.venv-tf/bin/python:
	@"$(PYTHON_TF)" -c $(IS_3_11) 2>/dev/null || \
	  { echo "TensorFlow needs Python 3.11: make PYTHON_TF=/path/to/python3.11 ..." >&2; exit 2; }
	$(PYTHON_TF) -m venv .venv-tf

.venv-tf/.ready: requirements/tensorflow.txt $(CONSTRAINTS_TF) | .venv-tf/bin/python
	@echo "Installing DeepLabCut's TensorFlow engine into .venv-tf: about 11 GB, 3 to 8 minutes ..."
	.venv-tf/bin/python -m pip install --quiet --disable-pip-version-check --requirement $< \
	  --constraint $(CONSTRAINTS_TF)
	@touch $@
