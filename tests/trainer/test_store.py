"""The upload in S3, over real HTTP: exactly its version, and faults that are told apart."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.config import Config

from dlc_batch_core.keys import RunKeys
from dlc_batch_core.request import Request
from dlc_batch_core.run_request import RunRequest
from dlc_batch_core.yaml_reader import read_yaml_mapping
from dlc_batch_trainer.errors import InfrastructureError, UserError
from dlc_batch_trainer.store import RunStore, StoredUpload
from dlc_batch_trainer.transfer import RangeStream, TransferFault
from dlc_batch_trainer.yaml_writer import write_yaml

if TYPE_CHECKING:
    from tests.trainer.conftest import Bench

CONTENT = bytes(range(256)) * 4000


def _run(bench: Bench, version: str | None) -> RunRequest:
    key = f"uploads/{bench.keys.lab}/u.zip"
    ids = (bench.keys.run_id, bench.keys.lab, bench.bucket, key, version)
    return RunRequest(*ids, "", Request(), "2026-01-01T00:00:00+00:00")


@pytest.fixture
def store(bench: Bench) -> RunStore:
    return RunStore(bench.s3, bench.bucket, bench.keys, 1)


def _read(upload: StoredUpload) -> bytes:
    return RangeStream(upload, 0, upload.size, lambda _seconds: False).take(upload.size)


def test_reads_exactly_the_version_that_was_checked(bench: Bench, store: RunStore) -> None:
    run = _run(bench, None)
    put = bench.s3.put_object(Bucket=bench.bucket, Key=run.key, Body=CONTENT)
    bench.s3.put_object(Bucket=bench.bucket, Key=run.key, Body=b"later")
    upload = store.find_upload(replace(run, version_id=put["VersionId"]))
    assert (upload.size, upload.etag) == (len(CONTENT), put["ETag"])
    assert _read(upload) == CONTENT


def test_an_upload_replaced_meanwhile_is_told_where_no_versions_are_kept(
    bench: Bench, store: RunStore
) -> None:
    run = _run(bench, None)
    bench.s3.put_object(Bucket=bench.bucket, Key=run.key, Body=CONTENT)
    upload = store.find_upload(run)
    bench.s3.put_object(Bucket=bench.bucket, Key=run.key, Body=CONTENT[::-1])
    with pytest.raises(UserError, match="replaced"):
        _read(upload)


def test_a_deleted_upload_is_told(bench: Bench, store: RunStore) -> None:
    run = _run(bench, None)
    with pytest.raises(UserError, match="gone"):
        store.find_upload(run)
    put = bench.s3.put_object(Bucket=bench.bucket, Key=run.key, Body=CONTENT)
    upload = store.find_upload(replace(run, version_id=put["VersionId"]))
    bench.s3.delete_object(Bucket=bench.bucket, Key=run.key, VersionId=put["VersionId"])
    with pytest.raises(UserError, match="gone"):
        _read(upload)


class _Failing(BaseHTTPRequestHandler):
    """Cuts each answer after 100 kB, and answers each third request with an error of its own."""

    protocol_version = "HTTP/1.1"
    requests = 0

    def do_GET(self) -> None:
        type(self).requests += 1
        start, end = map(int, self.headers["Range"].removeprefix("bytes=").split("-"))
        body = CONTENT[start : end + 1]
        is_error = self.requests % 3 == 0
        self.send_response(503 if is_error else 206)
        self.send_header("Content-Length", "0" if is_error else str(len(body)))
        self.end_headers()
        if not is_error:
            self.wfile.write(body[:100_000])
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def failing_endpoint() -> Iterator[str]:
    _Failing.requests = 0
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Failing)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_cut_answers_and_server_errors_are_survived(failing_endpoint: str) -> None:
    client = boto3.client(
        "s3",
        endpoint_url=failing_endpoint,
        region_name="eu-west-1",
        aws_access_key_id="made-up",
        aws_secret_access_key="made-up",
        config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
    )
    upload = StoredUpload(client, {"Bucket": "b", "Key": "k"}, "k", len(CONTENT), "")
    waited: list[float] = []

    def pause(seconds: float) -> bool:
        waited.append(seconds)
        return False

    assert RangeStream(upload, 0, upload.size, pause).take(upload.size) == CONTENT
    assert _Failing.requests > len(CONTENT) // 100_000
    assert any(waited)


def test_an_answer_of_another_length_is_no_damaged_zip(bench: Bench, store: RunStore) -> None:
    run = _run(bench, None)
    bench.s3.put_object(Bucket=bench.bucket, Key=run.key, Body=CONTENT)
    upload = replace(store.find_upload(run), size=len(CONTENT) + 1)
    with pytest.raises(InfrastructureError, match="other bytes"):
        _read(upload)


def test_a_closed_port_is_a_fault_of_the_network() -> None:
    client = boto3.client(
        "s3",
        endpoint_url="http://127.0.0.1:9",
        region_name="eu-west-1",
        aws_access_key_id="made-up",
        aws_secret_access_key="made-up",
        config=Config(retries={"total_max_attempts": 1}),
    )
    with pytest.raises(TransferFault):
        StoredUpload(client, {"Bucket": "b", "Key": "k"}, "k", 10, "").open(0, 10)


def test_jobs_of_one_run_write_one_list_of_shuffles(bench: Bench, tmp_path: Path) -> None:
    """Given four jobs that end at once, and a list made at home with an entry for each of their
    shuffles and one for another, when each adds its own, then none is lost or set back."""
    name = "training-datasets/iteration-0/d/metadata.yaml"
    at_home = {
        f"t-shuffle{n}": {"train_fraction": 0.8, "index": n, "split": n, "engine": "tensorflow"}
        for n in range(1, 6)
    }

    def end(shuffle: int) -> None:
        results = tmp_path / str(shuffle)
        (results / name).parent.mkdir(parents=True)
        own = {"train_fraction": 0.8, "index": shuffle, "split": 9, "engine": "pytorch"}
        trained = f"t-shuffle{shuffle}"
        write_yaml(results / name, {"shuffles": {**at_home, trained: own}})
        store = RunStore(bench.s3, bench.bucket, bench.keys, shuffle)
        assert store.write_results(results, trained) == (name,)
        assert store.write_results(results, trained) == (name,)  # a second attempt

    with ThreadPoolExecutor() as pool:
        list(pool.map(end, range(1, 5)))

    written = read_yaml_mapping(bench.read(bench.keys.results + name).decode(), name)
    shuffles = written["shuffles"]
    assert isinstance(shuffles, dict)
    engines = {each["index"]: each["engine"] for each in shuffles.values()}
    assert engines == {**dict.fromkeys(range(1, 5), "pytorch"), 5: "tensorflow"}
    assert len({each["split"] for each in shuffles.values()}) == 5


def test_each_shuffle_begins_from_the_earlier_runs_of_its_number(
    bench: Bench, tmp_path: Path
) -> None:
    results = RunKeys(bench.keys.lab, "earlier-0123456789ab").results
    for shuffle in (1, 2):
        place = f"dlc-models-pytorch/iteration-0/tJan1-trainset80shuffle{shuffle}/train"
        key = f"{results}{place}/snapshot-best-3.pt"
        bench.s3.put_object(Bucket=bench.bucket, Key=key, Body=b"%d" % shuffle)
    for shuffle in (1, 2):
        store = RunStore(bench.s3, bench.bucket, bench.keys, shuffle)
        (found,) = store.find_snapshots("earlier-0123456789ab", tmp_path / str(shuffle))
        assert found.read_bytes() == b"%d" % shuffle
    third = RunStore(bench.s3, bench.bucket, bench.keys, 3)
    with pytest.raises(UserError, match="left no snapshot"):
        third.find_snapshots("earlier-0123456789ab", tmp_path / "3")
