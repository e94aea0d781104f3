"""The AWS services behind the core's protocols. Clients are arguments: no boto3 is imported."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any, cast

from dlc_batch_core.errors import ProjectError
from dlc_batch_core.job import TrainingJob
from dlc_batch_core.mails import Mail
from dlc_batch_core.problems import Problem
from dlc_batch_core.ranged_file import RangedFile
from dlc_batch_core.submission import Upload


@dataclass(frozen=True)
class ObjectStore:
    """Objects in S3."""

    client: Any

    def open(self, upload: Upload) -> IO[bytes]:
        """Open one version of an upload as a file that is read by ranges."""
        version = {"VersionId": upload.version_id} if upload.version_id else {}

        def fetch(start: int, end: int) -> bytes:
            place = {"Bucket": upload.bucket, "Key": upload.key, **version}
            try:
                answer = self.client.get_object(**place, Range=f"bytes={start}-{end - 1}")
            except self.client.exceptions.ClientError as error:
                problem = _problem_of_reading(error.response["Error"]["Code"], upload.key)
                if problem is None:
                    raise
                raise ProjectError([problem]) from error
            return cast(bytes, answer["Body"].read())

        file = RangedFile(fetch, upload.size, upload.key)
        return cast(IO[bytes], file) if upload.size else io.BytesIO()

    def put(self, bucket: str, key: str, text: str) -> None:
        """Write a small object."""
        self.client.put_object(Bucket=bucket, Key=key, Body=text.encode())

    def get(self, bucket: str, key: str) -> bytes | None:
        """Return a small object, or None when there is none."""
        try:
            answer = self.client.get_object(Bucket=bucket, Key=key)
        except self.client.exceptions.NoSuchKey:
            return None
        return cast(bytes, answer["Body"].read())


def _problem_of_reading(code: str, key: str) -> Problem | None:
    if code in ("NoSuchKey", "NoSuchVersion"):
        what = "The upload was deleted before it could be checked."
        return Problem("upload-gone", key, what, "Upload the project again.")
    if code in ("AccessDenied", "InvalidObjectState"):
        what = "The upload can't be read: it has a key or a storage class of its own."
        remedy = "Upload it again without them, or ask your admin for the right to read it."
        return Problem("upload-unreadable", key, what, remedy)
    return None


#: Of AWS Batch's DescribeJobs.
_JOBS_A_REQUEST = 100


@dataclass(frozen=True)
class BatchQueue:
    """Training jobs in a job queue."""

    client: Any
    queue: str  # ARN
    definition: str = ""  # ARN, of first submissions

    def describe(self, ids: Sequence[str]) -> dict[str, Mapping[str, Any]]:
        """Return what Batch knows of jobs, by their ids."""
        found: dict[str, Mapping[str, Any]] = {}
        for start in range(0, len(ids), _JOBS_A_REQUEST):
            answer = self.client.describe_jobs(jobs=list(ids[start : start + _JOBS_A_REQUEST]))
            found |= {job["jobId"]: job for job in answer["jobs"]}
        return found

    def terminate(self, job_id: str, reason: str) -> None:
        """End a job, wherever it is."""
        self.client.terminate_job(jobId=job_id, reason=reason)

    def cancel(self, job_id: str, reason: str) -> None:
        """End a job if it has not started."""
        self.client.cancel_job(jobId=job_id, reason=reason)

    def find(self, name: str) -> str | None:
        """Return the id of the newest job of this name, in whatever state."""
        filters = [{"name": "JOB_NAME", "values": [name]}]
        pages = self.client.get_paginator("list_jobs").paginate(
            jobQueue=self.queue, filters=filters
        )
        jobs = [job for page in pages for job in page["jobSummaryList"] if job["jobName"] == name]
        return max(jobs, key=lambda job: job.get("createdAt", 0))["jobId"] if jobs else None

    def submit(self, job: TrainingJob, time_limit_hours: float) -> str:
        """Submit a job and return its id."""
        return self.submit_again(job, self.definition, int(time_limit_hours * 3600))

    def submit_again(self, job: TrainingJob, definition: str, timeout: int | None) -> str:
        """Submit a job with a revision of its definition; return its id."""
        limit = {"timeout": {"attemptDurationSeconds": timeout}} if timeout else {}
        answer = self.client.submit_job(
            jobName=job.name,
            jobQueue=self.queue,
            jobDefinition=definition,
            shareIdentifier=job.share,
            parameters=job.to_parameters(),
            tags={"lab": job.lab, "run": job.run_id},
            **limit,
        )
        return str(answer["jobId"])


@dataclass(frozen=True)
class MailTopic:
    """The SNS topic to which the lab's address is subscribed."""

    client: Any
    arn: str

    def publish(self, mail: Mail) -> None:
        """Hand a mail to SNS; subscriptions may filter by the attribute `lab`."""
        self.client.publish(
            TopicArn=self.arn,
            Subject=mail.subject,
            Message=mail.body,
            MessageAttributes={"lab": {"DataType": "String", "StringValue": mail.lab}},
        )
