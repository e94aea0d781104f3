"""A local cloud whose jobs write an outcome and nothing else, and whose events all come twice."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from dlc_batch.local.cloud import LocalCloud
from dlc_batch.local.home import Home
from dlc_batch.local.lifecycle import UpOptions, down, up
from dlc_batch.local.mailbox import read_mails
from dlc_batch_core.keys import run_id
from dlc_batch_core.run import Run, from_item

ROOT = Path(__file__).resolve().parents[2]
STAND_IN = ROOT / "tests" / "way" / "stand_in_trainer.py"
LABS = 20
#: Every twentieth upload is no zip: 5 %.
BROKEN_EVERY = 20
_UPLOADERS = 8
_LOOK_S = 1.0
_TOLD = 3  # rules that tell functions of events: of uploads, of jobs, and of blocked queues
_OURS = "burst-scene"  # marks this scene's own requests


@dataclass(frozen=True)
class Tally:
    """What became of a burst."""

    uploads: int
    seconds: float  # from the first upload to the last mail
    requests: int  # to the local cloud, of functions and jobs
    states: Counter[str]
    jobs: int
    final_mails: Counter[str]  # by run


@dataclass
class Scene:
    """One local cloud."""

    cloud: LocalCloud
    access_log: Path

    def client(self, service: str) -> Any:
        cloud = self.cloud
        return boto3.client(
            service,
            endpoint_url=cloud.endpoint_url,
            region_name=cloud.region,
            aws_access_key_id=cloud.access_key_id,
            aws_secret_access_key=cloud.secret_access_key,
            config=Config(user_agent_extra=_OURS),
        )

    def burst(self, uploads: int, project: bytes, seconds: float) -> Tally:
        """Upload all at once, wait for all final mails, and count what there is."""
        before, began = self._requests(), time.monotonic()
        runs = self._put(uploads, project)
        self._wait(set(runs), time.monotonic() + seconds)
        took = time.monotonic() - began
        time.sleep(2 * _LOOK_S)  # for what comes twice
        records = {run: self._record(run) for run in runs}
        states = Counter(str(found.status) if found else "none" for found in records.values())
        names = Counter(name for name in self._job_names())
        jobs = sum(count for name, count in names.items() if name.split("_")[0] in records)
        mails = {run: count for run, count in self._final_mails().items() if run in records}
        requests = self._requests() - before
        return Tally(uploads, took, requests, states, jobs, Counter(mails))

    def _put(self, uploads: int, project: bytes) -> list[str]:
        s3 = self.client("s3")
        bucket = self.cloud.bucket or ""
        mark = f"{time.monotonic_ns()}"

        def put(number: int) -> str:
            key = f"uploads/lab-{number % LABS}/burst-{mark}-{number}.zip"
            body = b"broken" if number % BROKEN_EVERY == 0 else project
            answer = s3.put_object(Bucket=bucket, Key=key, Body=body)
            return run_id(bucket, key, answer["VersionId"])

        with ThreadPoolExecutor(_UPLOADERS) as pool:
            return list(pool.map(put, range(uploads)))

    def _wait(self, runs: set[str], end: float) -> None:
        while time.monotonic() < end:
            if runs <= self._final_mails().keys():
                return
            time.sleep(_LOOK_S)
        missing = runs - self._final_mails().keys()
        raise TimeoutError(f"{len(missing)} of {len(runs)} runs have no final mail yet")

    def _final_mails(self) -> Counter[str]:
        subjects = [mail.subject for mail in read_mails(Home(self.cloud.home).mail)]
        return Counter(each.split()[-1] for each in subjects if "ACCEPTED" not in each)

    def _record(self, run: str) -> Run | None:
        answer = self.client("dynamodb").query(
            TableName=self.cloud.outputs["RunsTable"],
            IndexName="by-run",
            KeyConditionExpression="run_id = :run_id",
            ExpressionAttributeValues={":run_id": {"S": run}},
        )
        (item,) = answer["Items"] or [None]
        return from_item(item) if item else None

    def _job_names(self) -> Iterator[str]:
        batch = self.client("batch")
        for output in ("JobQueue", "OnDemandQueue"):
            for state in ("SUCCEEDED", "FAILED", "RUNNING", "RUNNABLE"):
                answer = batch.list_jobs(jobQueue=self.cloud.outputs[output], jobStatus=state)
                yield from (job["jobName"] for job in answer["jobSummaryList"])

    def _requests(self) -> int:
        """Of functions and jobs: all that are not this scene's own."""
        lines = self.access_log.read_text().splitlines() if self.access_log.exists() else []
        return sum("Boto3" in line and _OURS not in line for line in lines)

    def deliver_twice(self) -> None:
        """Have every event delivered twice: each rule gets a twin."""
        events, twins = self.client("events"), 0
        for rule in events.list_rules()["Rules"]:
            targets = events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
            if "EventPattern" not in rule or not any(":function:" in t["Arn"] for t in targets):
                continue
            twin = f"{rule['Name'][:50]}-twin"
            events.put_rule(Name=twin, EventPattern=rule["EventPattern"])
            events.put_targets(Rule=twin, Targets=[{**t, "Id": "twin"} for t in targets])
            twins += 1
        if twins != _TOLD:
            raise AssertionError(f"{twins} rules got a twin instead of {_TOLD}")


@contextlib.contextmanager
def scene(home: Home, progress: Callable[[str], None]) -> Iterator[Scene]:
    """Start a local cloud with stand-in jobs, several at a time; end it after."""
    log = home.path / "access.log"
    settings = {
        "DLC_BATCH_LOCAL_IMAGES": json.dumps({"test/stand-in": [sys.executable, str(STAND_IN)]}),
        "DLC_BATCH_LOCAL_JOBS": "4",
        "DLC_BATCH_LOCAL_ACCESS_LOG": str(log),
    }
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    try:
        options = UpOptions(ROOT / "template.yaml", parameters={"TrainerImage": "test/stand-in"})
        cloud = up(home, options, progress)
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.__setitem__(name, value)
    try:
        made = Scene(cloud, log)
        made.deliver_twice()
        yield made
    finally:
        down(home, progress)
