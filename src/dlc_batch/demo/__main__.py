"""The demo: a drawn project goes the whole way on this computer, by the commands a lab uses."""

from __future__ import annotations

import argparse
import json
import shlex
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from dlc_batch.cloud import Cloud, connect
from dlc_batch.demo.project import (
    IN_SPACE,
    REQUEST,
    NotOurFolderError,
    make_demo_project,
    write_request,
)
from dlc_batch.demo.truth import error_in_space
from dlc_batch.local.cloud import running_cloud
from dlc_batch.runs import read_status
from dlc_batch.where import Where
from dlc_batch_core.errors import DlcBatchError, LabError

LAB = "demo"
#: Between two looks at how the run is.
POLL_SECONDS = 2.0
#: A demo that has not ended by then never will: it is meant for two cores and ten minutes.
TIME_LIMIT_SECONDS = 3600.0
#: The record of a run appears some seconds after its upload.
UPLOAD_SECONDS = 60.0
#: The final mail comes just after the record says that the run has ended.
MAIL_SECONDS = 60.0


class DemoError(Exception):
    """The demo could not go on; the message says why."""


def main() -> None:
    """Run the demo; exit 1 when the run did not succeed."""
    arguments = _parse_arguments()
    try:
        _demo(arguments.folder, arguments.epochs)
    except KeyboardInterrupt:
        sys.exit("\nStopped watching. The run goes on; `dlc-batch local down` stops it.")
    except (DemoError, NotOurFolderError, DlcBatchError) as error:
        sys.exit(f"Error: {error}")


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m dlc_batch.demo", description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("demo-project"), help="made anew")
    parser.add_argument(
        "--epochs", type=int, default=REQUEST["epochs"], help="fewer: worse scores"
    )
    return parser.parse_args()


def _demo(folder: Path, epochs: int) -> None:
    _say("1. Start the local cloud: the stack of template.yaml, on this computer.")
    _dlc_batch("local", "up")
    _say("2. Draw a small labelled project: a walking animal, seen by two cameras.")
    project = make_demo_project(folder)
    write_request(project, epochs=epochs, **IN_SPACE)
    print(f"   {_shown(project)}")
    _say("3. Submit it, as a lab would.")
    run_id = json.loads(_dlc_batch("submit", _shown(project), "--lab", LAB, "--again", "--json"))[
        "run_id"
    ]
    _say("4. It is checked, queued, and trained with DeepLabCut on the CPU.")
    status = _follow(run_id)
    _say("5. The mail that the lab gets:")
    print(_final_mail(run_id))
    if status["status"] != "SUCCEEDED":
        raise DemoError(f"The run ended as {status['status']}: {status['message']}")
    _say("6. Fetch the results into the project's folder.")
    _dlc_batch("fetch", run_id, _shown(project), "--json")
    _print_end(project, status)


def _say(text: str) -> None:
    print(f"\n{text}", flush=True)


def _dlc_batch(*arguments: str) -> str:
    """Run a command of ours as a user would; return what it printed.

    Raises:
        DemoError: it failed; its own words stand on stderr already.
    """
    print(f"   $ dlc-batch {shlex.join(arguments)}", flush=True)
    return _quietly(*arguments)


def _quietly(*arguments: str) -> str:
    command = [sys.executable, "-m", "dlc_batch", *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)  # noqa: S603
    if done.returncode != 0:
        raise DemoError(f"`dlc-batch {shlex.join(arguments)}` could not be done.")
    return done.stdout


def _status(cloud: Cloud, run_id: str) -> dict[str, Any] | None:
    """Return what `dlc-batch status --json` prints; None while the upload's event is on its way.

    In this process: the cores are for the training.
    """
    try:
        return read_status(cloud, run_id).to_dict()
    except LabError:
        return None


@dataclass
class _Display:
    """A line for each stage, and a bar while epochs go by."""

    stage: str = ""
    bar: tqdm[Any] | None = None

    def show(self, status: dict[str, Any] | None) -> None:
        progress = (status or {}).get("progress") or {}
        stage = progress.get("stage") or (status or {}).get("status", "sent").lower()
        if stage == "train" and progress["epochs"]:
            self._advance(progress)
        elif stage != self.stage:
            self.close()
            print(f"   {stage}", file=sys.stderr, flush=True)
        self.stage = stage

    def _advance(self, progress: dict[str, Any]) -> None:
        if self.bar is None:
            self.bar = tqdm(total=progress["epochs"], desc="   train", unit="epoch")
        if progress["epoch"] > self.bar.n:
            self.bar.set_postfix(loss=f"{progress['loss']:.5f}", refresh=False)
            self.bar.update(progress["epoch"] - self.bar.n)

    def close(self) -> None:
        if self.bar is not None:
            self.bar.close()
            self.bar = None


def _follow(run_id: str) -> dict[str, Any]:
    display, begun = _Display(), time.monotonic()
    end = begun + TIME_LIMIT_SECONDS
    cloud = connect(Where.LOCAL)
    while time.monotonic() < end:
        status = _status(cloud, run_id)
        display.show(status)
        if running_cloud() is None:
            raise DemoError("The local cloud is not up any more.")
        if status is None and time.monotonic() > begun + UPLOAD_SECONDS:
            raise DemoError(f"Run {run_id} is not there (any more).")
        if status and status["status"] in ("SUCCEEDED", "FAILED", "CANCELLED", "REJECTED"):
            display.close()
            return status
        time.sleep(POLL_SECONDS)
    raise DemoError(f"Run {run_id} has not ended within {TIME_LIMIT_SECONDS:.0f} s.")


def _final_mail(run_id: str) -> str:
    end = time.monotonic() + MAIL_SECONDS
    while time.monotonic() < end:
        mails = json.loads(_quietly("local", "mail", "--json"))["mails"]
        for mail in reversed(mails):
            if run_id in mail["subject"] and "ACCEPTED" not in mail["subject"]:
                head = f"To: {mail['to']}\nSubject: {mail['subject']}"
                return _indented(f"{head}\n\n{mail['body'].strip()}")
        time.sleep(POLL_SECONDS)
    raise DemoError(f"No mail about the end of run {run_id} came within {MAIL_SECONDS:.0f} s.")


def _print_end(project: Path, status: dict[str, Any]) -> None:
    metrics = status["metrics"] or {}
    models = [file for file in status["files"] if file.endswith(".pt")]
    scores = [file for file in status["files"] if file.startswith("evaluation-results")]
    _say("Done.")
    print(f"   train RMSE  {metrics['train_rmse_px']:6.2f} px")
    print(f"   test RMSE   {metrics['test_rmse_px']:6.2f} px   (on frames it did not train on)")
    print(f"   in space    {_error_in_space(project)}")
    print(f"   model       {_shown(project / models[-1])}")
    print(f"   evaluation  {_shown((project / scores[0]).parent)}")
    if "report.html" in status["files"]:
        print(f"   report      {_shown(project / 'report.html')}   (open it in a browser)")
    if "3d/walk_3d.html" in status["files"]:
        print(f"   poses       {_shown(project / '3d/walk_3d.html')}   (turn them in a browser)")
    print("\nThe local cloud is still up. To look around: source .venv/bin/activate, then")
    print("dlc-batch list, dlc-batch local mail, dlc-batch local status.")
    print("To stop it: dlc-batch local down")


def _error_in_space(project: Path) -> str:
    error = error_in_space(project)
    if error is None:
        return "no point was seen surely by both cameras"
    share = f"{100 * error.relative:.1f} % of the animal's length"
    return f"{error.median:6.2f} mm   (median distance from the truth: {share})"


def _indented(text: str) -> str:
    return "\n".join(f"   | {line}".rstrip() for line in text.splitlines())


def _shown(path: Path) -> str:
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path.resolve())


if __name__ == "__main__":
    main()
