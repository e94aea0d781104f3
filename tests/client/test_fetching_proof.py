"""What a fetched file is verified by: run.json's hashes first, then what S3 keeps."""

import hashlib
import json
import random
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from dlc_batch.cloud import Cloud
from dlc_batch.fetching import fetch, list_results
from dlc_batch.fetching.proof import Proof, Proofs
from dlc_batch.fetching.store import Store
from dlc_batch.patience import Patience
from dlc_batch_core.errors import CloudError
from dlc_batch_core.keys import RunKeys
from dlc_batch_core.run import Run, Status

LARGE = random.Random(3).randbytes(20_000_000)  # boto3 uploads it in parts of 8 MiB


def proofs(cloud: Cloud, run: Run) -> dict[str, Proof]:
    results = list_results(cloud, run)
    known = Proofs(Store.of(cloud, Patience(print)), results)
    return {str(result.path): known.of(result) for result in results}


@pytest.fixture
def run(cloud: Cloud, record: Callable[..., Run], tmp_path: Path) -> Run:
    run = record(status=Status.SUCCEEDED)
    hashes = {"model.pt": hashlib.sha256(b"model").hexdigest()}
    (tmp_path / "large").write_bytes(LARGE)
    results = RunKeys(run.lab, run.run_id).results
    for name, data in {
        "run.json": json.dumps({"sha256": hashes}).encode(),
        "model.pt": b"model",
        "note": b"",
    }.items():
        cloud.s3.put_object(Bucket=cloud.bucket, Key=results + name, Body=data)
    cloud.s3.upload_file(str(tmp_path / "large"), cloud.bucket, f"{results}large")
    return run


def test_each_file_is_told_by_its_content(cloud: Cloud, run: Run, tmp_path: Path) -> None:
    known = proofs(cloud, run)
    kinds = {name: each.kind for name, each in known.items()}
    assert kinds == {"run.json": "crc32", "model.pt": "sha256", "note": "crc32", "large": "md5"}
    assert known["large"].part_bytes == 8 << 20
    assert known["large"].holds_of(tmp_path / "large")
    changed = bytearray(LARGE)
    changed[-1] ^= 1
    (tmp_path / "large").write_bytes(changed)
    assert not known["large"].holds_of(tmp_path / "large")


def test_crc_32_of_parts_is_that_of_their_crcs(tmp_path: Path) -> None:
    """As S3 has it of an upload in parts of 4 bytes: 1234, 56."""
    (tmp_path / "file").write_bytes(b"123456")
    parts = (zlib.crc32(part).to_bytes(4, "big") for part in (b"1234", b"56"))
    digest = zlib.crc32(b"".join(parts)).to_bytes(4, "big")
    assert digest.hex() == "8a42b64c"
    assert Proof(6, "crc32", digest, 4).holds_of(tmp_path / "file")
    assert not Proof(6, "crc32", digest, 3).holds_of(tmp_path / "file")
    assert not Proof(6, "crc32", digest).holds_of(tmp_path / "file")


def test_what_is_not_what_the_run_left_is_refused(cloud: Cloud, run: Run, tmp_path: Path) -> None:
    key = RunKeys(run.lab, run.run_id).results + "model.pt"
    cloud.s3.put_object(Bucket=cloud.bucket, Key=key, Body=b"other")
    folder = tmp_path / "project"
    with pytest.raises(CloudError, match=r"model\.pt came with other bytes"):
        fetch(cloud, run, list_results(cloud, run), folder)
    assert [path.name for path in folder.iterdir() if not path.name.startswith(".")] == []
