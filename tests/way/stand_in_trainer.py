"""Stands in for the trainer where the way itself is tested: leaves an outcome, trains nothing."""

import argparse
import contextlib
import os
import signal
import sys
import time

import boto3

from dlc_batch_core.control import Action, Control
from dlc_batch_core.job import CANCEL_REASON, ExitCode
from dlc_batch_core.keys import RunKeys
from dlc_batch_core.outcome import Outcome
from dlc_batch_core.progress import Progress
from dlc_batch_core.run import time_text

parser = argparse.ArgumentParser()
for name in ("--bucket", "--lab", "--run-id", "--shuffle"):
    parser.add_argument(name, required=True)
asked = parser.parse_args()

if asked.lab == "endless":
    time.sleep(300)
own = RunKeys(asked.lab, asked.run_id).shuffle(int(asked.shuffle))


def heed() -> Action | None:
    """Train until told otherwise, or for a minute; tells how far it is, as a trainer does."""
    s3, epochs = boto3.client("s3"), 240
    for epoch in range(1, epochs + 1):
        print(f"epoch {epoch}/{epochs}: loss {1 / epoch:.5f}", flush=True)
        now = Progress("train", time_text(time.time()), epoch, epochs, 1 / epoch, phase="pose")
        s3.put_object(Bucket=asked.bucket, Key=own.progress, Body=now.to_json())
        with contextlib.suppress(s3.exceptions.NoSuchKey):
            told = s3.get_object(Bucket=asked.bucket, Key=own.control)["Body"].read()
            return Control.from_json(told).action
        time.sleep(0.25)
    return None


print(f"attempt {os.environ['AWS_BATCH_JOB_ATTEMPT']} of {os.environ['AWS_BATCH_JQ_NAME']}")
sys.stdout.flush()
action = heed() if asked.lab == "heedful" else None
if asked.lab == "slow":
    time.sleep(3)  # long enough to be seen running
is_on_demand = "OnDemand" in os.environ["AWS_BATCH_JQ_NAME"]
if asked.lab == "lost" or (asked.lab == "spotty" and not is_on_demand):
    os.kill(os.getpid(), signal.SIGKILL)  # as a host that is taken away

if asked.lab == "thief":  # tries what a job may not do, and tells of each whether it could
    from forbidden import attempts  # beside this file

    for line in attempts(asked.bucket, asked.run_id):
        print(line, flush=True)
#: Labs whose trainings end otherwise: exit code, and what the outcome says.
ENDS = {
    "interrupted": (ExitCode.INTERRUPTED, "It was interrupted."),
    "careless": (ExitCode.USER, "There are no labels."),
}
code, message = ENDS.get(asked.lab, (ExitCode.DONE, "The stand-in is done."))
if action is Action.STOP_NOW:
    code, message = ExitCode.USER, f"{CANCEL_REASON}, as told."
outcome = Outcome(
    succeeded=code is ExitCode.DONE,
    job_id=os.environ["AWS_BATCH_JOB_ID"],
    attempt=int(os.environ["AWS_BATCH_JOB_ATTEMPT"]),
    message=message,
    notes=("The lab stopped it.",) if action is Action.STOP_AND_KEEP_BEST else (),
    cancelled=action is Action.STOP_NOW,
)
try:
    boto3.client("s3").put_object(
        Bucket=asked.bucket, Key=own.outcome, Body=outcome.to_json().encode()
    )
except Exception as error:
    sys.exit(f"outcome not written: {error}")
sys.exit(code)
