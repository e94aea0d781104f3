"""Stands in for the trainer where the way itself is tested: leaves an outcome, trains nothing."""

import argparse
import os
import signal
import sys
import time

import boto3

from dlc_batch_core.job import ExitCode
from dlc_batch_core.keys import RunKeys
from dlc_batch_core.outcome import Outcome

parser = argparse.ArgumentParser()
for name in ("--bucket", "--lab", "--run-id", "--shuffle"):
    parser.add_argument(name, required=True)
asked = parser.parse_args()

if asked.lab == "slow":
    time.sleep(3)  # long enough to be seen running
if asked.lab == "endless":
    time.sleep(300)
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
outcome = Outcome(
    succeeded=code is ExitCode.DONE,
    job_id=os.environ["AWS_BATCH_JOB_ID"],
    attempt=int(os.environ["AWS_BATCH_JOB_ATTEMPT"]),
    message=message,
)
key = RunKeys(asked.lab, asked.run_id).shuffle(int(asked.shuffle)).outcome
try:
    boto3.client("s3").put_object(Bucket=asked.bucket, Key=key, Body=outcome.to_json().encode())
except Exception as error:
    sys.exit(f"outcome not written: {error}")
sys.exit(code)
