"""Records of runs as labs have them, and the mails that come of them.

`make mails` writes what they say into golden/, to be read before it is committed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from dlc_batch_core.admin_mails import mail_of_blocked_queue, mail_of_sweep
from dlc_batch_core.catalogue import problem
from dlc_batch_core.errors import DlcBatchError
from dlc_batch_core.job import TrainingJob
from dlc_batch_core.job_change import NO_CAPACITY, TIMED_OUT, parse_job_change
from dlc_batch_core.mails import Mail, compose, compose_plainly
from dlc_batch_core.parts import part_of, sum_up
from dlc_batch_core.problems import Problem
from dlc_batch_core.run import MailKind, Run, Status
from dlc_batch_core.surmise import surmise
from dlc_batch_trainer.attempts import halvings_now
from dlc_batch_trainer.watch import Disk, Stall

GOLDEN = Path(__file__).with_name("golden")
RUN = Run(
    lab="miller",
    run_id="reaching-mouse-0123456789ab",
    status=Status.QUEUED,
    bucket="dlc-batch-bucket",
    key="uploads/miller/reaching-mouse.zip",
    submitted_at="2026-01-02T03:04:05.678+00:00",
    checkpoint_minutes=10.0,
)
OWN = ("evaluation.json", "methods.txt", "report.html", "run.json")
MODEL = "dlc-models-pytorch/iteration-0/reachNov1-trainset95shuffle1/train/"
RESULTS = (f"{MODEL}pytorch_config.yaml", f"{MODEL}snapshot-best-150.pt", *OWN)
VIDEOS = (
    "videos/mouse1DLC_Resnet50_reachNov1shuffle1_snapshot_best-150.csv",
    "videos/mouse1DLC_Resnet50_reachNov1shuffle1_snapshot_best-150.h5",
    "videos/mouse1DLC_Resnet50_reachNov1shuffle1_snapshot_best-150_labeled.mp4",
)
SCORES = {
    "train_rmse_px": 2.345,
    "test_rmse_px": 4.5,
    "test_rmse_low_px": 3.96,
    "test_rmse_high_px": 5.12,
    "train_rmse_pcutoff_px": 2.2,
    "test_rmse_pcutoff_px": 3.0,
    "validation_rmse_px": 4.31,
    "train_frames": 95.0,
    "validation_frames": 12.0,
    "test_frames": 5.0,
}
VERDICT = {
    "grade": "good",
    "headline": "Good: a small error on frames that it did not train on. A point is off by 4.5 px"
    " in the mean (95 % interval 4.0 to 5.1 px), which is 3.8 % of the span of an animal's labels"
    " (118 px).",
}
POOR = {
    "grade": "poor",
    "headline": "Poor: a large error on frames that it did not train on. A point is off by 169.5"
    " px in the mean, which is 139 % of the span of an animal's labels (122 px).",
}
TRAINED = {
    "status": Status.SUCCEEDED,
    "attempt": 1,
    "message": "Trained resnet_50 for 200 epochs on 95 frames; the error on the 5 frames it did"
    " not train on is 4.50 px.",
    "metrics": SCORES,
    "files": RESULTS,
    "verdict": VERDICT,
    "cost": {"hours": 2.13, "dollars": 0.5481, "is_at_most": 0.0},
    "instance_type": "g4dn.xlarge",
}
#: What was asked for after it, and came of it.
FILMED = {"videos_asked": 3.0, "videos": 3.0, "labeled_asked": 1.0, "labeled": 3.0}
BOUND = {"hours_limit": 24.0, "dollars_limit": 25.28}
LIKELY = {
    "trainings": 3,
    "hours_least": 1.9,
    "hours_most": 2.6,
    "dollars_least": 0.49,
    "dollars_most": 1.49,
}
SHORTENED = "The time limit is 8.7 hours instead of 24: your admin lets a run cost 5 $ at most."
HOME = (
    "Shuffle 1 is trained with the settings and the split that lie in this project"
    f" ({MODEL}pytorch_config.yaml): resnet_50, 200 epochs. What dlc-batch.yaml or an option says"
    " is counted in. To begin from DeepLabCut's own settings and a new split, ask for a shuffle of"
    " another number (`shuffles`)."
)
#: What the check warns of; none of it keeps a project from being trained.
SWAPPED = problem(
    "left-right-swapped",
    "reaching-mouse/labeled-data/day1/CollectedData_ann.csv, row 12",
    "leftear and rightear lie the other way round than in 59 of 60 frames.",
)
ONE_VIDEO = problem("one-video", "reaching-mouse/labeled-data", "All 112 frames are of day1.")
ALIKE = [
    problem("rows-nearly-same", f"reaching-mouse/labeled-data/day1, row {n}", f"As row {n - 1}.")
    for n in range(20, 27)
]
OVER_BUDGET = (
    "This training may cost up to 25.28 $ in its 24 hours. Of lab miller's 100.00 $ for 2026-01,"
    " 12.40 $ are neither spent nor reserved for what runs now."
)
OVER_CAP = (
    "Your admin lets a run cost 0.5 $ at most, which does not pay for 6 minutes of each of its 20"
    " trainings."
)


def final(**ended: Any) -> Mail:
    return compose(replace(RUN, **ended), MailKind.FINAL)


def accepted(**queued: Any) -> Mail:
    return compose(replace(RUN, **queued), MailKind.ACCEPTED)


def rejected(*problems: Problem) -> Mail:
    return final(status=Status.REJECTED, problems=problems)


def parts(*ends: dict[str, Any]) -> tuple[Run, ...]:
    of_run = [part_of(RUN, number) for number, _ in enumerate(ends, 1)]
    return tuple(replace(part, **end) for part, end in zip(of_run, ends, strict=True))


def several(*ends: dict[str, Any]) -> Mail:
    """A run of several shuffles, when they end as told."""
    summed = sum_up(replace(RUN, parts=parts(*ends)), {})
    trained = [part for part in summed.parts if part.status is Status.SUCCEEDED]
    own = [f"shuffle{part.shuffle}/{name}" for part in trained for name in OWN]
    return compose(replace(summed, files=tuple(own)), MailKind.FINAL)


def trainer_fails(check: Callable[[], object]) -> Mail:
    """The mail of an error of the trainer's own."""
    try:
        check()
    except DlcBatchError as error:
        ended = {"message": error.message, "remedy": error.remedy}
        return final(
            status=Status.FAILED, attempt=1, timings={"fetch": 2.0, "train": 900.0}, **ended
        )
    raise AssertionError("it did not fail")


def batch_says(reason: str, exit_codes: Sequence[int | None]) -> Mail:
    """The mail of a training that left no word, when AWS Batch tells this of its end."""
    job = TrainingJob(RUN.bucket, RUN.lab, RUN.run_id, 1)
    attempts = [{"container": {"exitCode": code}} for code in exit_codes]
    change = parse_job_change(
        {
            "jobName": job.name,
            "jobId": "job-1",
            "status": "FAILED",
            "statusReason": reason,
            "attempts": attempts,
            "parameters": job.to_parameters(),
        }
    )
    message, remedy = surmise(change)
    ended = {"attempt": len(exit_codes), "message": message, "remedy": remedy}
    return final(status=Status.FAILED, **ended)


def never_started(reason: str) -> Mail:
    return batch_says(reason, [])


def blocked(reason: str) -> Mail:
    """The mail of AWS Batch's event that the first training of a queue can't start."""
    job = TrainingJob(RUN.bucket, RUN.lab, RUN.run_id, 1)
    detail = {"jobName": job.name, "parameters": job.to_parameters(), "statusReason": reason}
    return mail_of_blocked_queue(detail)


SECOND = {**TRAINED, "attempt": 2, "metrics": {**SCORES, "test_rmse_px": 5.0}}
LOST = {
    "status": Status.FAILED,
    "attempt": 6,
    "submission": 2,
    "message": "The training was interrupted too often to finish.",
    "remedy": "Upload the project again to train it anew; nothing of the project is lost.",
    "timings": {"train": 900.0},
    "cost": {"hours": 0.4, "dollars": 0.4195, "is_at_most": 1.0},
}
MAILS: dict[str, Callable[[], Mail]] = {
    "accepted": lambda: accepted(quote={**BOUND, **LIKELY}),
    "accepted-first": lambda: accepted(
        quote={"hours_limit": 8.7, "dollars_limit": 9.17}, notes=(SHORTENED,)
    ),
    "accepted-several": lambda: accepted(
        quote={**BOUND, **LIKELY, "shuffles": 2}, parts=parts({}, {})
    ),
    "accepted-warned": lambda: accepted(
        quote={**BOUND, **LIKELY}, problems=(SWAPPED, ONE_VIDEO), notes=(SHORTENED,)
    ),
    "accepted-home": lambda: accepted(quote={**BOUND, **LIKELY}, notes=(HOME,)),
    "rejected": lambda: rejected(
        problem(
            "image-missing",
            "reaching-mouse/labeled-data/day1/CollectedData_ann.csv, row 12",
            "3 labelled images are not there: img0034.png, img0035.png, img0051.png.",
        ),
        problem(
            "frames-not-labelled",
            "reaching-mouse/labeled-data/day2",
            "The folder has 20 images, but no labels.",
        ),
    ),
    "quota-month": lambda: rejected(problem("budget", "dlc-batch.yaml", OVER_BUDGET)),
    "quota-run": lambda: rejected(problem("cap-per-run", "dlc-batch.yaml", OVER_CAP)),
    "succeeded": lambda: final(**TRAINED, notes=("video2 holds no labels and was left out.",)),
    "succeeded-videos": lambda: final(
        **{**TRAINED, "files": RESULTS + VIDEOS},
        follow_up={**FILMED, "export_asked": 1.0, "exported": 1.0},
    ),
    "succeeded-videos-in-part": lambda: final(
        **{**TRAINED, "files": RESULTS + VIDEOS},
        follow_up={**FILMED, "videos": 2.0, "labeled": 1.0, "export_asked": 1.0},
        notes=(
            "Analysis of mouse3.avi failed: it can't be read. The training is not affected.",
            "The labelled video of mouse2.mp4 failed: DeepLabCut wrote no .mp4 file; the log tells"
            " why. The training is not affected.",
            "Export of the network for live use failed: no memory. The training is not affected.",
        ),
    ),
    "succeeded-in-space": lambda: final(
        **{**TRAINED, "files": ("3d/mouse_3d.html", *RESULTS, *VIDEOS)},
        follow_up={
            **FILMED,
            "recordings_asked": 2.0,
            "recordings": 2.0,
            "calibration_px": 0.314,
            "reprojection_px": 1.2,
            "error_mm": 0.871,
            "points_percent": 91.6,
        },
    ),
    "succeeded-warned": lambda: final(
        **TRAINED,
        problems=(SWAPPED, ONE_VIDEO, *ALIKE),
        notes=("video2 holds no labels and was left out.",),
    ),
    "interrupted": lambda: final(**{**TRAINED, "attempt": 4, "submission": 2}),
    "stopped-early": lambda: final(
        status=Status.SUCCEEDED,
        attempt=1,
        message="Trained dekr_w18 for 120 epochs on 95 frames; the error on the 5 frames it did"
        " not train on is 4.50 px.",
        metrics={
            "test_rmse_px": 4.5,
            "test_map": 87.25,
            "test_mar": 91.0,
            "validation_rmse_px": 5.0,
            "train_frames": 95.0,
            "validation_frames": 12.0,
            "test_frames": 5.0,
        },
        notes=(
            "`engine` was written as pytorch.",
            "The lab stopped the training after 120 of 200 epochs. The best snapshot was kept:"
            " that after 110 epochs.",
        ),
        files=OWN,
    ),
    "stopped-at-once": lambda: final(
        **{
            **TRAINED,
            "message": "Trained resnet_50 for 3 epochs on 95 frames; the error on the 5 frames it"
            " did not train on is 169.46 px.",
            "verdict": POOR,
            "metrics": {"test_rmse_px": 169.46, "train_frames": 95.0, "validation_frames": 12.0},
        },
        notes=(
            "The lab stopped the training after 3 of 60 epochs. The last snapshot was kept:"
            " validation had not run yet.",
        ),
    ),
    "not-evaluated": lambda: final(
        status=Status.SUCCEEDED,
        attempt=2,
        message="Trained resnet_50 for 200 epochs on 95 frames.",
        metrics={"train_frames": 95.0, "validation_frames": 0.0, "test_frames": 5.0},
        files=OWN[2:],
    ),
    "several": lambda: several({**TRAINED, "follow_up": FILMED}, {**SECOND, "follow_up": FILMED}),
    "several-failed": lambda: several(TRAINED, SECOND, LOST),
    "several-cancelled": lambda: several(
        TRAINED,
        {"status": Status.CANCELLED, "message": "Cancelled by the lab, at epoch 3 of 200."},
    ),
    "failed": lambda: final(
        status=Status.FAILED,
        attempt=6,
        message="The training was killed, most likely for lack of memory.",
        remedy="Ask for a smaller `batch_size` in dlc-batch.yaml.",
        cost={"hours": 0.4, "dollars": 0.4195, "is_at_most": 1.0},
    ),
    "quota-zero": lambda: never_started(f"CAPACITY:{NO_CAPACITY} - no computer in 24.0 hours"),
    "no-computer": lambda: never_started(""),
    "time-limit": lambda: batch_says(f"{TIMED_OUT}", [143]),
    "image-missing": lambda: batch_says("CannotPullContainerError: no such image", [None]),
    "stuck": lambda: trainer_fails(lambda: Stall(1800).check(1800, "pose, epoch 3 of 200")),
    "disk-full": lambda: trainer_fails(Disk(lambda: 800_000_000).check),
    "out-of-memory": lambda: trainer_fails(
        lambda: halvings_now([{"resumed_from": None}] * 4, None, 1)
    ),
    "cancelled": lambda: final(
        status=Status.CANCELLED,
        attempt=1,
        message="Cancelled by the lab, at epoch 3 of 200.",
        remedy="Nothing was kept.",
        cost={"hours": 0.05, "dollars": 0.0131, "is_at_most": 0.0},
        instance_type="g4dn.xlarge",
    ),
    "plain": lambda: compose_plainly(replace(RUN, status=Status.FAILED), MailKind.FINAL),
    "admin-swept": lambda: mail_of_sweep(
        [
            "reaching-mouse-0123456789ab: its job had succeeded, and no event said so.",
            f"walk-0123456789ab, shuffle 2: its job was cancelled: {NO_CAPACITY}: no computer in"
            " 24.0 hours.",
        ]
    ),
    "admin-queue-blocked": lambda: blocked(
        "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY - Service cannot fulfill the capacity requested"
        " for instance type [g4dn.xlarge]"
    ),
}


def written(mail: Mail) -> str:
    return f"To: {mail.lab}\nSubject: {mail.subject}\n\n{mail.body}"


def main() -> None:
    """Write every golden text anew, and remove those of no mail."""
    for path in GOLDEN.glob("*.txt"):
        path.unlink()
    for name, mail in MAILS.items():
        (GOLDEN / f"{name}.txt").write_text(written(mail()), encoding="utf-8")


if __name__ == "__main__":
    main()
