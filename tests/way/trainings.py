"""Trainings on a host that tests may spoil, from the upload to the mail."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.way.hosts import LAB, Host

from dlc_batch.demo.project import DemoSize, make_demo_project
from dlc_batch.local.mailbox import Mail
from dlc_batch.packing import pack, plan_packing
from dlc_batch_core.control import Action, Control
from dlc_batch_core.keys import RunKeys
from dlc_batch_core.run import Run

#: The smallest network, on crops as small as it takes.
REQUEST: dict[str, Any] = {
    "net_type": "cspnext_s",
    "weights": "random",
    "batch_size": 2,
    "overrides": {
        "data.train.crop_sampling.width": 64,
        "data.train.crop_sampling.height": 64,
    },
}
#: More epochs than any test lets pass.
ENDLESS = 5000


def zip_demo(folder: Path, request: dict[str, Any]) -> bytes:
    """Draw a project, and return it with a request as the zip that a lab uploads."""
    project = make_demo_project(folder / "walk", DemoSize(frames=20, labelled=8))
    (project / "dlc-batch.yaml").write_text(json.dumps(request))  # JSON is YAML
    archive = project.with_suffix(".zip")
    pack(plan_packing(project), archive)
    return archive.read_bytes()


@dataclass(frozen=True)
class Training:
    """One run, and what a test does with it."""

    host: Host
    run: str

    def wait_for(self, words: str, seconds: float = 240) -> None:
        """Wait until the trainer has printed something."""
        way = self.host.way
        way.wait_for(lambda: self.host.group_of(self.run), "the first attempt")

        def log() -> str:
            return "\n".join(self.host.log(self.run))

        way.wait_for(lambda: words in log(), repr(words), seconds, log)

    def ask(self, action: Action) -> None:
        """Write control.json, as a lab's admin or the client does."""
        key = RunKeys(LAB, self.run).shuffle(1).control
        s3 = self.host.way.client("s3")
        s3.put_object(Bucket=self.host.way.bucket, Key=key, Body=Control(action).to_json())

    def end(self, status: str, seconds: float = 300) -> tuple[Run, Mail]:
        """Wait for the end; return the record, and the one mail that tells of it."""
        ended = self.host.way.ended(self.run, seconds)
        assert ended.status == status, f"{ended.status}: {ended.message}"

        def look() -> list[Mail]:
            mails = self.host.way.mails(self.run)
            return [mail for mail in mails if "ACCEPTED" not in mail.subject]

        told = self.host.way.wait_for(look, "the mail")  # on its way when the record says so
        assert len(told) == 1, [mail.subject for mail in told]
        assert status in told[0].subject
        return ended, told[0]


@contextlib.contextmanager
def training(host: Host, folder: Path, request: dict[str, Any]) -> Iterator[Training]:
    """A run of a drawn project; its job is over when the block is left."""
    content = zip_demo(folder, {**REQUEST, **request})
    run = host.way.put(content, f"uploads/{LAB}/{folder.name}.zip")
    try:
        yield Training(host, run)
    finally:
        host.end_all_jobs()
