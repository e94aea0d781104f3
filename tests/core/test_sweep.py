"""What no event told is put right, once it is late; what is on its way is left alone."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.mail_words import words_of

from dlc_batch_core.admin_mails import ADMIN
from dlc_batch_core.completion import Completion
from dlc_batch_core.fall_back import FallBack
from dlc_batch_core.job import TrainingJob
from dlc_batch_core.keys import RunKeys
from dlc_batch_core.outcome import Outcome
from dlc_batch_core.parts import part_of
from dlc_batch_core.run import MailState, Run, Status
from dlc_batch_core.sweep import LATE, Sweep

HOUR = 3600.0
EXITED = "Essential container in task exited"


@dataclass
class Batch:
    """What Batch knows of jobs."""

    details: dict[str, dict[str, Any]] = field(default_factory=dict)
    ended: list[tuple[str, str]] = field(default_factory=list)
    cancelled: list[tuple[str, str]] = field(default_factory=list)

    def describe(self, ids: Sequence[str]) -> dict[str, Mapping[str, Any]]:
        return {each: self.details[each] for each in ids if each in self.details}

    def find(self, name: str) -> str | None:
        found = [each["jobId"] for each in self.details.values() if each["jobName"] == name]
        return found[-1] if found else None

    def terminate(self, job_id: str, reason: str) -> None:
        self.ended.append((job_id, reason))

    def cancel(self, job_id: str, reason: str) -> None:
        self.cancelled.append((job_id, reason))


@dataclass
class Scene:
    """One run, its job, and a sweep some time later. The table is this test's alone."""

    cloud: Any
    batch: Batch = field(default_factory=Batch)
    handed_on: list[Run] = field(default_factory=list)
    falls_back: bool = True

    def at(self, seconds_ago: float) -> str:
        when = datetime.fromtimestamp(self.cloud.now - seconds_ago, UTC)
        return when.isoformat(timespec="milliseconds")

    def run(self, status: Status, age: float = HOUR, **values: Any) -> Run:
        run_id = f"mouse-{uuid.uuid4().hex[:12]}"
        times = {"submitted_at": self.at(age), "updated_at": self.at(age)}
        run = Run("miller", run_id, status, "bucket", "key", **{**times, **values})
        self.cloud.records.begin(run, "submit", self.cloud.now - age)
        return run

    def job(self, run: Run, status: str, submission: int = 1, **values: Any) -> None:
        job = TrainingJob(run.bucket, run.lab, run.run_id, 1, submission)
        job_id = values.pop("jobId", "job-1")
        self.batch.details[job_id] = {
            "jobId": job_id,
            "jobName": job.name,
            "jobQueue": "spot",
            "jobDefinition": "d:1",
            "status": status,
            "parameters": job.to_parameters(),
            "attempts": [],
            "retryStrategy": {"attempts": 3},
            "timeout": {"attemptDurationSeconds": 24 * 3600},
            "createdAt": 1000 * (self.cloud.now - HOUR),
            **values,
        }

    def ms(self, seconds_ago: float) -> float:
        return 1000 * (self.cloud.now - seconds_ago)

    def sweep(self) -> list[str]:
        cloud = self.cloud
        fall_back = FallBack(cloud.table, cloud, cloud.clock) if self.falls_back else None
        completion = Completion(cloud, cloud.table, cloud.publish, cloud.clock, fall_back)
        return Sweep(completion, self.batch, self.handed_on.append, 1800).run("sweep")

    def now(self, run: Run) -> Run:
        found: Run = self.cloud.records.get(run.lab, run.run_id)
        return found

    def mails(self) -> list[str]:
        return [mail.subject.split()[1] for mail in self.cloud.mails if mail.lab != ADMIN]


@pytest.fixture
def scene(aws: Any, new_cloud: Callable[..., Any]) -> Scene:
    return Scene(replace(new_cloud(), table_name=aws.make_runs_table()))


def with_parts(scene: Scene, status: Status, **ages: float) -> Run:
    """A run of two shuffles whose jobs are job-1 and job-2; seconds since each part changed."""
    run = scene.run(Status.SUBMITTING)
    parts = [part_of(run, shuffle) for shuffle in (1, 2)]
    scene.cloud.records.begin_parts(run, parts)
    for part in parts:
        scene.cloud.records.name_job(replace(part, job_id=f"job-{part.shuffle}"))
    scene.cloud.records.queue(replace(run, status=Status.QUEUED))
    for part in parts:
        when = scene.at(ages.get(f"of_{part.shuffle}", HOUR))
        ended = replace(part, status=status, updated_at=when, job_id=f"job-{part.shuffle}")
        if status.is_final:
            scene.cloud.records.end(ended)
    return run


def test_the_lost_end_of_one_shuffle_is_recorded(scene: Scene) -> None:
    run = with_parts(scene, Status.QUEUED)
    done = {"container": {"exitCode": 1}, "startedAt": 1, "stoppedAt": 2}
    for shuffle, status in ((1, "FAILED"), (2, "RUNNING")):
        job = TrainingJob(run.bucket, run.lab, run.run_id, shuffle)
        scene.job(run, status, jobId=f"job-{shuffle}", parameters=job.to_parameters())
        scene.batch.details[f"job-{shuffle}"]["jobName"] = job.name
    scene.batch.details["job-1"] |= {"attempts": [done], "stoppedAt": scene.ms(2 * LATE)}
    (found,) = scene.sweep()
    assert "its job had failed, and no event said so" in found
    now = scene.now(run)
    assert [part.status for part in now.parts] == [Status.FAILED, Status.RUNNING]
    assert now.status is Status.RUNNING
    assert "FAILED:" not in scene.mails()


def test_parts_that_nobody_summed_up_end_their_run(scene: Scene) -> None:
    run = with_parts(scene, Status.FAILED)
    (found,) = scene.sweep()
    assert found == f"{run.run_id}: its parts had ended, and it had not."
    assert scene.now(run).status is Status.FAILED
    assert scene.mails().count("FAILED:") == 1
    assert scene.sweep() == []


def test_parts_that_just_ended_are_left_to_who_ends_the_run(scene: Scene) -> None:
    run = with_parts(scene, Status.FAILED, of_2=10)
    assert scene.sweep() == []
    assert scene.now(run).status is Status.QUEUED


def test_a_shuffle_whose_job_is_gone_has_failed(scene: Scene) -> None:
    run = with_parts(scene, Status.QUEUED)
    first, second = scene.sweep()
    assert f"{run.run_id}, shuffle 1: its job is gone" in first
    assert f"{run.run_id}, shuffle 2: its job is gone" in second
    assert scene.now(run).status is Status.FAILED
    assert scene.mails().count("FAILED:") == 1


def test_what_is_given_up_leaves_no_shuffle_at_work(scene: Scene) -> None:
    """Given one shuffle was trained, and the run was left in SUBMITTING for six hours."""
    run = scene.run(Status.SUBMITTING, age=7 * HOUR)
    first, second = (part_of(run, shuffle) for shuffle in (1, 2))
    scene.cloud.records.begin_parts(run, [first, second])
    for part in (first, second):
        scene.cloud.records.name_job(replace(part, job_id=f"job-{part.shuffle}"))
    done = replace(first, status=Status.SUCCEEDED, job_id="job-1", attempt=1)
    scene.cloud.records.end(done)
    outcome = Outcome(True, "job-1", 1, "Trained.", files=("shuffle1/run.json",))
    key = RunKeys("miller", run.run_id).shuffle(1).outcome
    scene.cloud.objects[key] = outcome.to_json().encode()

    scene.sweep()

    now = scene.now(run)
    assert [part.status for part in now.parts] == [Status.SUCCEEDED, Status.FAILED]
    assert (now.status, now.files) == (Status.FAILED, ("shuffle1/run.json",))
    assert scene.batch.ended == [("job-2", "The run was given up.")]
    assert scene.mails() == ["FAILED:"]


def test_a_lost_end_is_recorded_and_mailed_once(scene: Scene) -> None:
    run = scene.run(Status.RUNNING, job_id="job-1", attempt=1)
    done = {"container": {"exitCode": 0}, "startedAt": 1, "stoppedAt": 2}
    scene.job(run, "SUCCEEDED", attempts=[done], stoppedAt=scene.ms(2 * LATE))
    outcome = Outcome(True, "job-1", 1, "Trained.")
    scene.cloud.objects[RunKeys("miller", run.run_id).shuffle(1).outcome] = (
        outcome.to_json().encode()
    )

    (found,) = scene.sweep()
    assert "no event said so" in found
    assert scene.sweep() == []

    assert (scene.now(run).status, scene.now(run).message) == (Status.SUCCEEDED, "Trained.")
    assert scene.mails() == ["SUCCEEDED:"]
    (to_admin,) = (mail for mail in scene.cloud.mails if mail.lab == ADMIN)
    assert found in words_of(to_admin)
    assert scene.cloud.records.open_runs() == []


def test_an_end_whose_event_is_on_its_way_is_left_alone(scene: Scene) -> None:
    run = scene.run(Status.RUNNING, job_id="job-1")
    scene.job(run, "FAILED", stoppedAt=scene.ms(60))
    assert scene.sweep() == []
    assert scene.now(run).status is Status.RUNNING


def test_a_run_that_waits_or_trains_is_left_alone(scene: Scene) -> None:
    trains = scene.run(Status.RUNNING, job_id="job-1")
    waits = scene.run(Status.QUEUED, 3 * HOUR, job_id="job-2")
    scene.job(trains, "RUNNING", startedAt=scene.ms(HOUR))
    scene.job(waits, "RUNNABLE", jobId="job-2", createdAt=scene.ms(3 * HOUR))
    assert scene.sweep() == []
    assert scene.batch.ended == []
    assert scene.cloud.mails == []


def test_a_lost_beginning_is_recorded_without_a_word(scene: Scene) -> None:
    run = scene.run(Status.QUEUED, job_id="job-1")
    scene.job(run, "RUNNING", startedAt=scene.ms(HOUR))
    assert scene.sweep() == []
    assert scene.now(run).status is Status.RUNNING


def test_a_job_beyond_its_time_is_ended(scene: Scene) -> None:
    run = scene.run(Status.RUNNING, job_id="job-1")
    long = {"container": {}, "startedAt": scene.ms(30 * HOUR), "stoppedAt": scene.ms(8 * HOUR)}
    scene.job(run, "RUNNING", attempts=[long], startedAt=scene.ms(3 * HOUR))
    (found,) = scene.sweep()
    ((job_id, reason),) = scene.batch.ended
    assert job_id == "job-1"
    assert reason.startswith("Job attempt duration exceeded timeout: 25.0 hours")
    assert reason in found


def test_a_job_that_gets_no_computer_for_no_known_reason_is_cancelled(scene: Scene) -> None:
    run = scene.run(Status.QUEUED, 3 * HOUR, job_id="job-1")
    scene.job(run, "RUNNABLE", createdAt=scene.ms(3 * HOUR))
    assert scene.sweep() == []  # perhaps something was at work a moment ago
    scene.cloud.now += 1800 + LATE + 1
    (found,) = scene.sweep()
    ((job_id, reason),) = scene.batch.cancelled
    assert (job_id, "INSUFFICIENT_INSTANCE_CAPACITY" in reason) == ("job-1", True)
    assert reason in found
    scene.job(run, "FAILED", statusReason=reason, stoppedAt=scene.ms(2 * LATE))
    scene.sweep()
    assert (scene.now(run).submission, len(scene.cloud.asked)) == (2, 1)
    assert scene.now(run).idle_since is None


def test_to_wait_behind_other_jobs_is_no_lack_of_computers(scene: Scene) -> None:
    trains = scene.run(Status.RUNNING, job_id="job-1")
    waits = scene.run(Status.QUEUED, 9 * HOUR, job_id="job-2")
    scene.job(waits, "RUNNABLE", jobId="job-2", createdAt=scene.ms(9 * HOUR))
    for _ in range(3):
        scene.job(trains, "RUNNABLE", createdAt=scene.ms(9 * HOUR))  # between two attempts
        scene.sweep()
        scene.cloud.now += 1800
        scene.job(trains, "RUNNING", startedAt=scene.ms(600))
        scene.sweep()
        scene.cloud.now += 1800
    assert scene.batch.cancelled == []
    assert scene.now(waits).idle_since is None


def test_a_run_left_in_submitting_is_handed_on_and_given_up_in_the_end(scene: Scene) -> None:
    fresh = scene.run(Status.SUBMITTING, 60)
    left = scene.run(Status.SUBMITTING, HOUR)
    hopeless = scene.run(Status.SUBMITTING, 7 * HOUR)
    scene.job(hopeless, "RUNNABLE")  # submitted, and its record was never written
    found = scene.sweep()
    assert [run.run_id for run in scene.handed_on] == [left.run_id]
    assert len(found) == 2
    assert [job_id for job_id, _ in scene.batch.ended] == ["job-1"]
    assert scene.now(fresh).status is Status.SUBMITTING
    assert scene.now(hopeless).status is Status.FAILED
    assert scene.mails() == ["FAILED:"]


def test_a_mail_that_did_not_go_out_is_sent(scene: Scene) -> None:
    run = scene.run(Status.FAILED, mail=MailState.PENDING)
    (found,) = scene.sweep()
    assert "had not gone out" in found
    assert scene.mails() == ["FAILED:"]
    assert scene.now(run).mail is MailState.SENT
    assert scene.sweep() == []


def test_a_run_that_waits_to_go_on_on_demand_is_submitted(scene: Scene) -> None:
    run = scene.run(Status.QUEUED, submission=2, job_id=None)
    scene.job(run, "FAILED", statusReason="CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY")
    (found,) = scene.sweep()
    assert "On-Demand" in found
    assert (scene.now(run).job_id, len(scene.cloud.asked)) == ("job-1", 1)


def test_a_run_that_waits_in_vain_for_on_demand_ends(scene: Scene) -> None:
    run = scene.run(Status.QUEUED, submission=2, job_id=None)
    scene.job(run, "FAILED", statusReason="CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY")
    scene.falls_back = False  # the admin changed it meanwhile
    scene.sweep()
    assert scene.now(run).status is Status.FAILED
    assert scene.mails() == ["FAILED:"]


def test_a_job_that_batch_forgot_has_failed(scene: Scene) -> None:
    run = scene.run(Status.RUNNING, job_id="job-9")
    scene.sweep()
    assert scene.now(run).status is Status.FAILED
    assert "no longer knows" in words_of(scene.cloud.mails[0])


def test_one_run_does_not_hide_the_others(scene: Scene) -> None:
    odd = scene.run(Status.RUNNING, job_id="job-1")
    scene.job(odd, "RUNNING", parameters={})
    other = scene.run(Status.RUNNING, job_id="job-9")
    scene.sweep()
    assert scene.now(other).status is Status.FAILED
