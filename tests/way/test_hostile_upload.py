"""Nothing of an upload runs: not one trap is sprung on the whole way, from upload to mail."""

import io
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from tests.corpus.case import zip_of
from tests.corpus.drafts import Draft, single
from tests.mail_words import words_of
from tests.way.traps import PLACES, make_traps, yaml_trap

NAIVE = Path(__file__).with_name("traps.py")
REQUEST = b"""\
net_type: cspnext_s
weights: random
epochs: 1
batch_size: 8
overrides: {data.train.crop_sampling.width: 96, data.train.crop_sampling.height: 96}
"""
HOME = "dlc-models-pytorch/iteration-0/reachNov1-trainset80shuffle1/train/pytorch_config.yaml"


@pytest.fixture(scope="module")
def canaries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where each trap that is sprung leaves a file."""
    return tmp_path_factory.mktemp("canaries")


@pytest.fixture(scope="module")
def trapped(canaries: Path) -> Draft:
    """A good project, with a trap wherever DeepLabCut reads what can be code."""
    draft = single()
    return Draft({**draft.files, **make_traps(canaries), "dlc-batch.yaml": REQUEST})


def test_each_trap_works_when_it_is_opened_the_usual_way(trapped: Draft, tmp_path: Path) -> None:
    naive = Draft({**trapped.files, **make_traps(tmp_path)})
    naive.write_to(tmp_path / "project")

    done = subprocess.run(
        [sys.executable, NAIVE, tmp_path / "project"], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    sprung = {path.name for path in tmp_path.iterdir()} - {"project"}
    assert sprung == set(PLACES), done.stdout


@pytest.fixture(scope="module")
def run(real_way: Any, trapped: Draft) -> str:
    return str(real_way.put(zip_of(trapped), "uploads/trapped/reach.zip"))


def test_a_whole_run_springs_none(real_way: Any, run: str, canaries: Path) -> None:
    ended = real_way.ended(run, seconds=600)

    assert ended.status == "SUCCEEDED", ended.message
    assert ended.metrics["train_frames"] + ended.metrics["test_frames"] == 60
    assert list(canaries.iterdir()) == []


def test_no_trap_comes_back_with_the_results(real_way: Any, run: str, canaries: Path) -> None:
    real_way.ended(run, seconds=600)
    s3, found = real_way.client("s3"), {}
    prefix = f"runs/trapped/{run}/"
    for each in s3.list_objects_v2(Bucket=real_way.bucket, Prefix=prefix)["Contents"]:
        body = s3.get_object(Bucket=real_way.bucket, Key=each["Key"])["Body"].read()
        found[each["Key"]] = body
        if each["Key"].endswith(".zip"):
            with zipfile.ZipFile(io.BytesIO(body)) as archive:
                found |= {
                    f"{each['Key']}/{name}": archive.read(name) for name in archive.namelist()
                }
    assert any(key.endswith("snapshot-001.pt") for key in found), list(found)
    assert [key for key, data in found.items() if str(canaries).encode() in data] == []


@pytest.mark.parametrize("path", ["config.yaml", "dlc-batch.yaml", HOME])
def test_settings_that_are_read_and_hold_a_trap_are_refused(
    path: str, real_way: Any, canaries: Path
) -> None:
    draft = single()
    old = draft.files.get(path, b"").replace(b"net_type", b"other_net_type")
    draft.files[path] = old + yaml_trap(f"touch {canaries / 'settings'}")

    run = real_way.put(zip_of(draft), f"uploads/trapped/{path.rpartition('/')[2]}.zip")
    ended = real_way.ended(run, seconds=300)

    assert ended.status == "REJECTED", ended.message
    (mail,) = real_way.mails(run, "REJECTED")
    assert path in words_of(mail)
    assert "Remove the tag" in words_of(mail)
    assert list(canaries.iterdir()) == []
