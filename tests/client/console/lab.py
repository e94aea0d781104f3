"""A lab with runs in every state, as they lie in the table and the bucket."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256

from dlc_batch.cloud import Cloud
from dlc_batch_core.keys import CheckpointKeys, RunKeys
from dlc_batch_core.manifest import Manifest
from dlc_batch_core.problems import Problem, Severity
from dlc_batch_core.progress import Progress
from dlc_batch_core.request import Request
from dlc_batch_core.run import Run, Status, attribute_name, time_text, to_item
from dlc_batch_core.run_request import RunRequest

_HOUR = 3600.0
_FOLDER = "dlc-models-pytorch/iteration-0/reachNov1-trainset80shuffle1/train"
STATS = f"{_FOLDER}/learning_stats.csv"
REPORT = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Report</title></head>
<body><h1>The verdict</h1><p>Good.</p></body></html>"""
#: Stands for the page on which poses are turned: it has a script.
POSES = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Poses</title></head>
<body><h1>Poses</h1><p id="did">nothing</p>
<script>document.getElementById("did").textContent = "drawn";</script></body></html>"""
#: Such a page, which tries what it may.
PRYING = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Poses</title></head>
<body><h1>Poses</h1><p id="did">nothing</p><script>
const did = [];
const tried = (name, act) => { try { act(); did.push(name); } catch { did.push("no " + name); } };
tried("cookies", () => document.cookie);
tried("the console", () => parent.document.title);
tried("storage", () => localStorage.length);
fetch("/").then(() => "network", () => "no network").then(word => {
  document.getElementById("did").textContent = [...did, word].join(", ");
});
</script></body></html>"""


def metrics(error: float) -> dict[str, float]:
    return {
        "train_rmse_px": error * 0.72,
        "test_rmse_px": error,
        "test_rmse_low_px": error * 0.85,
        "test_rmse_high_px": error * 1.2,
        "train_rmse_pcutoff_px": error * 0.7,
        "test_rmse_pcutoff_px": error * 0.93,
        "validation_rmse_px": error * 0.97,
        "train_frames": 152,
        "validation_frames": 16,
        "test_frames": 32,
    }


def stats(epochs: int, scale: float) -> str:
    """A learning_stats.csv as DeepLabCut's PyTorch engine leaves it."""
    rows = ["step,losses/train.total_loss,validation_rmse_px"]
    for epoch in range(1, epochs + 1):
        wobble = 1 + 0.12 * math.sin(epoch * scale * 9) * math.exp(-epoch / 60)
        loss = (0.0018 + 0.021 * math.exp(-epoch / 18)) * wobble * scale
        error = (3.6 + 30 * math.exp(-epoch / 14)) * wobble * scale if epoch % 5 == 0 else ""
        rows.append(f"{epoch},{loss},{error}")
    return "\n".join(rows) + "\n"


class Lab:
    """Writes runs of a lab."""

    def __init__(self, cloud: Cloud, now: float | None = None) -> None:
        self.cloud, self.now = cloud, time.time() if now is None else now
        self._numbers: Iterator[int] = iter(range(256))

    def write(self, name: str, status: Status, hours_ago: float = 1, **values: object) -> Run:
        begun = self.now - hours_ago * _HOUR
        run = Run(
            lab="miller",
            run_id=f"{name}-{sha256(bytes([next(self._numbers)])).hexdigest()[:12]}",
            status=status,
            bucket=self.cloud.bucket,
            key=f"uploads/miller/{name}.zip",
            submitted_at=time_text(begun),
            updated_at=time_text(begun + min(hours_ago, 1.7) * _HOUR),
            network="pytorch/resnet_50",
        )
        run = replace(run, **values)  # type: ignore[arg-type]
        self.cloud.dynamodb.put_item(TableName=self.cloud.table_name, Item=to_item(run))
        return run

    def several(self) -> Run:
        """Write a run of two shuffles: one has ended, one trains."""
        run = self.write("several", Status.RUNNING, 2)
        parts = {
            1: {"status": Status.SUCCEEDED, "message": "The network was trained and scored."},
            2: {"status": Status.RUNNING, "attempt": 1},
        }
        item = to_item(run)
        for number, values in parts.items():
            part = replace(run, is_part=True, shuffle=number, **values)  # type: ignore[arg-type]
            named = {attribute_name(part, name): value for name, value in to_item(part).items()}
            item = {**named, **item}
            self.tell(part, epoch=50 * number, loss=0.01 / number)
        self.cloud.dynamodb.put_item(TableName=self.cloud.table_name, Item=item)
        return run

    def put(self, key: str, content: str) -> None:
        self.cloud.s3.put_object(Bucket=self.cloud.bucket, Key=key, Body=content.encode())

    def trained(self, name: str, error: float, **values: object) -> Run:
        """A run that succeeded, with its learning curve and its report."""
        more = {
            "hours_ago": 30,
            "message": "The network was trained and scored.",
            "metrics": metrics(error),
            "files": (STATS, "report.html"),
            "cost": {"hours": 1.5, "dollars": 0.42},
            **values,
        }
        run = self.write(name, Status.SUCCEEDED, **more)  # type: ignore[arg-type]
        keys = RunKeys(run.lab, run.run_id)
        self.put(f"{keys.results}{STATS}", stats(200, error / 4))
        self.put(f"{keys.results}report.html", REPORT)
        return run

    def in_space(self, page: str = POSES) -> Run:
        """A run of two cameras."""
        follow_up = {"videos_asked": 2, "recordings_asked": 1, "recordings": 1}
        known = {"calibration_px": 0.1234, "reprojection_px": 0.85, "error_mm": 0.412}
        run = self.trained(
            "walk",
            3.9,
            follow_up={**follow_up, **known},
            files=(STATS, "3d/day 1/walk_3d.html", "3d/day 1/walk_3d.npz", "report.html"),
        )
        self.put(f"{RunKeys(run.lab, run.run_id).results}3d/day 1/walk_3d.html", page)
        return run

    def asked(self, run: Run, **values: object) -> None:
        """Write what a run was asked for."""
        request = RunRequest(
            run.run_id,
            run.lab,
            run.bucket,
            run.key,
            None,
            "",
            Request.from_dict(values),
            run.submitted_at,
        )
        self.put(RunKeys(run.lab, run.run_id).request, request.to_json())

    def tell(self, run: Run, **values: object) -> None:
        """Write how far a run's training is."""
        known = {
            "stage": "train",
            "updated_at": time_text(self.now),
            "phase": "pose",
            "epochs": 200,
            **values,
        }
        key = RunKeys(run.lab, run.run_id).shuffle(run.shuffle).progress
        self.put(key, Progress(**known).to_json())  # type: ignore[arg-type]

    def checkpoint(self, run: Run, epochs: int) -> None:
        """Write a checkpoint's learning curve."""
        keys = CheckpointKeys(RunKeys(run.lab, run.run_id).shuffle(run.shuffle).checkpoints)
        self.put(keys.file("abc"), stats(epochs, 0.9))
        manifest = Manifest(epochs, {}, {"learning_stats.csv": "abc"})
        self.put(keys.manifest(epochs), manifest.to_json())

    def fill(self) -> dict[str, Run]:
        """Write a run in each state, and return them by a word for each."""
        training = self.write("reach", Status.RUNNING, 0.8, attempt=2)
        self.tell(
            training,
            epoch=124,
            loss=0.00214,
            images_per_second=87.3,
            seconds_left=1560.0,
            metrics={"validation_rmse_px": 4.02},
        )
        self.checkpoint(training, 123)
        one, other = self.trained("reach", 4.1), self.trained("reach", 4.7, hours_ago=52)
        self.asked(one, net_type="resnet_50", batch_size=8)
        self.asked(other, net_type="hrnet_w32", batch_size=4)
        problem = Problem(
            "missing-image",
            "labeled-data/mouse3/CollectedData_Ann.csv, row 17",
            "It names img0173.png, which is not in the zip.",
            "Put the image back, or delete the row.",
        )
        few = Problem(
            "few-frames",
            "labeled-data",
            "There are 24 labelled frames; scores of so few say little.",
            "Label some 100 frames or more.",
            Severity.WARNING,
        )
        return {
            "training": training,
            "waiting": self.write("gait-overground", Status.QUEUED, 0.1),
            "one": one,
            "other": other,
            "rejected": self.write(
                "whisker",
                Status.REJECTED,
                71,
                message="The project can't be trained as it is.",
                problems=(problem, few),
            ),
            "failed": self.write(
                "gait",
                Status.FAILED,
                90,
                lab="okafor",
                message="The loss is not a number any more in epoch 12.",
                remedy="Ask for a lower learning rate.",
            ),
            "cancelled": self.write(
                "gait", Status.CANCELLED, 95, lab="okafor", message="The lab cancelled it."
            ),
        }
