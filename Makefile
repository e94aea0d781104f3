# Two commands do all set-up: `make demo` runs the main job, `make test` runs the tests.
PYTHON ?= python3
BIN := .venv/bin
CONSTRAINTS := requirements/constraints.txt
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint $(CONSTRAINTS)
SOURCES := core src functions trainer_image tests benchmarks docs

.PHONY: help demo test test-long fuzz lint typecheck docs lock clean

help:  ## Show what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: .venv/.for-demo  ## Train a drawn project on this computer, from upload to mail
	$(BIN)/python -m dlc_batch.demo

test: .venv/.for-test .venv-sam/.ready .venv-tf/.ready lint typecheck  ## Run all tests
	$(BIN)/python -m pytest -m "not long"

test-long: .venv/.for-test .venv-sam/.ready .venv-tf/.ready  ## Run the long proofs
	$(BIN)/python -m pytest -m long

fuzz: .venv/.for-test  ## Put 200,000 mutated uploads through the check; keeps what breaks it
	$(BIN)/python -m tests.fuzz --count 200000 --seed 1 --workers 2 --finds build/fuzz-finds

lint: .venv/.for-test  ## Check style
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)

typecheck: .venv/.for-test  ## Check types
	$(BIN)/mypy
	$(BIN)/mypy functions/complete/app.py

docs: .venv/.for-demo  ## Write the generated pages of docs/ anew
	$(BIN)/python docs/generate.py

lock: .venv/.for-test  ## Write the constraints anew from what is installed
	( head -n 1 $(CONSTRAINTS); $(BIN)/pip freeze --exclude-editable --exclude pip --exclude setuptools ) \
	  > $(CONSTRAINTS).new
	mv $(CONSTRAINTS).new $(CONSTRAINTS)

clean:  ## Remove the environments and the local cloud
	-[ ! -x $(BIN)/dlc-batch ] || $(BIN)/dlc-batch local down
	rm -rf .venv .venv-sam .venv-tf .aws-sam .local-cloud

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 ..." >&2; exit 2; }
	@echo "Making the environment .venv ..."
	$(PYTHON) -m venv .venv

.venv/.for-demo: .venv/bin/python pyproject.toml $(CONSTRAINTS)
	@echo "Installing DeepLabCut, PyTorch and the local cloud into .venv: about 7 GB, 2 to 6 minutes ..."
	$(PIP) --editable '.[local,train]'
	@touch $@

.venv/.for-test: .venv/.for-demo
	@echo "Installing what the tests need into .venv ..."
	$(PIP) --editable '.[local,train,dev]'
	@touch $@

.venv-sam/.ready: requirements/sam.txt
	@echo "Installing SAM CLI into .venv-sam ..."
	$(PYTHON) -m venv .venv-sam
	.venv-sam/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@

# DeepLabCut's TensorFlow engine wants older packages than its PyTorch engine: its tests train here.
.venv-tf/.ready: requirements/tensorflow.txt requirements/constraints-tensorflow.txt
	@echo "Installing DeepLabCut's TensorFlow engine into .venv-tf: about 8 GB, 3 to 8 minutes ..."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || \
	  { echo "TensorFlow 2.18 needs Python 3.11: make PYTHON=/path/to/python3.11 ..." >&2; exit 2; }
	$(PYTHON) -m venv .venv-tf
	.venv-tf/bin/python -m pip install --quiet --disable-pip-version-check --requirement $< \
	  --constraint requirements/constraints-tensorflow.txt
	@touch $@
