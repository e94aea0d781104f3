"""The queue and its attempts, with real processes and without a cloud."""

import sys
import threading
from pathlib import Path

import pytest

from dlc_batch.local.batch_jobs import new_job
from dlc_batch.local.batch_queue import Prospects
from dlc_batch.local.batch_runner import BatchRunner, LogGroupMissingError
from dlc_batch.local.images import Images
from dlc_batch.local.settings import TENSORFLOW_IMAGE, BatchSettings


class Notebook:
    """The cloud around the runner: it writes down what it is told."""

    def __init__(self):
        self.states, self.lines, self.hopes = [], [], {}
        self.log_group_exists = threading.Event()
        self.log_group_exists.set()

    def prospects(self, job):
        return self.hopes.get(job["jobName"], Prospects())

    def announce(self, job):
        self.states.append((job["jobName"], job["status"]))

    def open_log(self, _job, _stream):
        if not self.log_group_exists.is_set():
            raise LogGroupMissingError("no such group")

    def write_log(self, _job, _stream, lines):
        self.lines += lines

    def environment(self, _job):
        return {}


@pytest.fixture
def notebook():
    return Notebook()


@pytest.fixture
def make_runner(notebook, tmp_path):
    runners = []

    def make(**settings):
        images = Images({"python": [sys.executable]}, {})
        chosen = BatchSettings(**{"kill_grace_s": 0.2, **settings})
        runners.append(BatchRunner(notebook, images, chosen, tmp_path / "jobs"))
        return runners[-1]

    yield make
    for runner in runners:
        runner.close()


def job(name, script="pass", attempts=1, share=None):
    definition = {
        "jobDefinitionArn": "arn:aws:batch:us-east-1:000000000000:job-definition/d:1",
        "containerProperties": {"image": "python", "command": ["-c", script]},
    }
    request = {"jobName": name, "retryStrategy": {"attempts": attempts}, "shareIdentifier": share}
    queue = "arn:aws:batch:us-east-1:000000000000:job-queue/q"
    return {**new_job(request, definition, name), "jobQueue": queue}


def test_jobs_run_one_at_a_time_first_come_first_served(make_runner, notebook, wait_for):
    runner, jobs = make_runner(), [job(name) for name in "abc"]
    for each in jobs:
        runner.submit(each)
    wait_for(lambda: all(each["status"] == "SUCCEEDED" for each in jobs))
    ran = [s for s in notebook.states if s[1] in ("RUNNING", "SUCCEEDED")]
    assert ran == [(name, state) for name in "abc" for state in ("RUNNING", "SUCCEEDED")]
    states = [state for name, state in notebook.states if name == "a"]
    assert states == ["SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING", "SUCCEEDED"]


def test_a_share_that_sends_many_does_not_keep_another_waiting(make_runner, notebook, wait_for):
    runner = make_runner()
    jobs = [job(f"many-{n}", share="many") for n in range(4)] + [job("few", share="few")]
    jobs.insert(0, job("first", "import time; time.sleep(1)", share="many"))
    for each in jobs:
        runner.submit(each)
    wait_for(lambda: all(each["status"] == "SUCCEEDED" for each in jobs))
    ran = [name for name, state in notebook.states if state == "RUNNING"]
    assert ran == ["first", "few", "many-0", "many-1", "many-2", "many-3"]


def test_a_job_waits_for_a_computer_and_gets_it(make_runner, notebook, wait_for):
    notebook.hopes["waits"] = Prospects(has_computer=False)
    runner, waits, other = make_runner(), job("waits"), job("other")
    for each in (waits, other):
        runner.submit(each)
    wait_for(lambda: other["status"] == "SUCCEEDED")
    assert waits["status"] == "RUNNABLE"
    del notebook.hopes["waits"]
    wait_for(lambda: waits["status"] == "SUCCEEDED")


def test_a_job_that_waits_longer_than_its_queue_lets_it_ends(make_runner, notebook, wait_for):
    reason = "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY"
    notebook.hopes["waits"] = Prospects(False, 600, reason)
    runner, waits = make_runner(time_scale=0.001), job("waits")
    runner.submit(waits)
    wait_for(lambda: waits["status"] == "FAILED")
    assert (waits["statusReason"], waits["attempts"]) == (reason, [])


def test_more_than_one_runs_where_that_is_wanted(make_runner, wait_for):
    runner = make_runner(jobs_at_once=2)
    jobs = [job(name, "import time; time.sleep(60)") for name in "abc"]
    for each in jobs:
        runner.submit(each)
    wait_for(lambda: [each["status"] for each in jobs] == ["RUNNING", "RUNNING", "RUNNABLE"])
    for each in jobs:
        runner.terminate(each, "enough")
    wait_for(lambda: {each["status"] for each in jobs} == {"FAILED"})


def test_a_job_left_running_by_a_server_that_ended_is_tried_again(make_runner, wait_for, tmp_path):
    first, left = make_runner(), job("left", "import time; time.sleep(60)", attempts=2)
    first.submit(left)
    wait_for(lambda: left["status"] == "RUNNING")
    first.close()
    assert left["status"] == "RUNNING"
    assert list((tmp_path / "jobs").iterdir()) == []
    left["container"]["command"] = ["-c", "pass"]
    make_runner().recover([left])
    wait_for(lambda: left["status"] == "SUCCEEDED")
    assert left["attempts"][0]["statusReason"].startswith("Host EC2")


def test_a_terminated_job_is_not_tried_again_whatever_it_died_of(make_runner):
    runner, ended = make_runner(), job("ended", attempts=5)
    ended |= {"status": "RUNNING", "_stop": "the lab said so"}
    runner.recover([ended])
    assert (ended["status"], ended["statusReason"]) == ("FAILED", "the lab said so")


def test_what_a_job_starts_ends_with_it_and_does_not_hold_it_up(make_runner, notebook, wait_for):
    script = """if True:
        import subprocess, sys
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
        print(child.pid, flush=True)
    """
    runner, parent = make_runner(), job("parent", script)
    runner.submit(parent)
    wait_for(lambda: parent["status"] == "SUCCEEDED")
    child = int(notebook.lines[0])
    wait_for(lambda: not Path(f"/proc/{child}/cwd").exists())


def test_a_program_that_does_not_exist_fails_the_job(make_runner, wait_for):
    runner, lost = make_runner(), job("lost", attempts=2)
    lost["container"]["image"] = "python"
    runner._images._commands["python"] = ["/no/such/program"]
    runner.submit(lost)
    wait_for(lambda: lost["status"] == "FAILED")
    reasons = [a["container"]["reason"][:24] for a in lost["attempts"]]
    assert reasons == ["CannotStartContainerErro"] * 2


def test_a_job_for_tensorflow_without_its_environment_ends_with_the_reason(
    notebook, wait_for, tmp_path
):
    images = Images({}, {"DLC_BATCH_TF_PYTHON": str(tmp_path / "python")})
    runner = BatchRunner(notebook, images, BatchSettings(), tmp_path / "jobs")
    lost = job("lost", attempts=2)
    lost["container"]["image"] = TENSORFLOW_IMAGE
    runner.submit(lost)
    wait_for(lambda: lost["status"] == "FAILED")
    runner.close()
    assert "requirements/tensorflow.txt" in lost["attempts"][-1]["container"]["reason"]
    assert ("lost", "RUNNING") not in notebook.states


def test_without_its_log_group_no_process_starts(make_runner, notebook, wait_for):
    notebook.log_group_exists.clear()
    runner, silent = make_runner(), job("silent")
    runner.submit(silent)
    wait_for(lambda: silent["status"] == "FAILED")
    assert ("silent", "RUNNING") not in notebook.states
