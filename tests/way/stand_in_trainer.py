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
    time.sleep(600)  # until it is ended from outside
if asked.lab == "lost":
    os.kill(os.getpid(), signal.SIGKILL)  # as a host that is taken away

interrupted = asked.lab == "interrupted"
outcome = Outcome(
    succeeded=not interrupted,
    job_id=os.environ["AWS_BATCH_JOB_ID"],
    attempt=int(os.environ["AWS_BATCH_JOB_ATTEMPT"]),
    message="It was interrupted." if interrupted else "The stand-in is done.",
)
key = RunKeys(asked.lab, asked.run_id).shuffle(int(asked.shuffle)).outcome
try:
    boto3.client("s3").put_object(Bucket=asked.bucket, Key=key, Body=outcome.to_json().encode())
except Exception as error:
    sys.exit(f"outcome not written: {error}")
if interrupted:
    sys.exit(ExitCode.INTERRUPTED)
