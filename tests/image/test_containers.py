"""A job's container may do here what it may do in the cloud: what the template says, no more."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse
from tests.image.engine import ROOT, Engine

from dlc_batch.local.batch_process import JobProcess, end_leftovers, note_process
from dlc_batch.local.images import Images, Launch
from dlc_batch.local.settings import clean_environment
from dlc_batch.local.stack_resources import camel_case

MIB = 2**20
#: One of the two files of cgroups is there; what can't be done is told on stderr.
LOOK = """
id
cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max
grep -E 'CapEff|CapBnd|NoNewPrivs' /proc/self/status
touch /tmp/written && echo wrote to /tmp
touch /written && echo wrote to /
stat --file-system --format 'shm %b of %S' /dev/shm
env
"""


def launch(image: str, script: str) -> Launch:
    """The process for a shell script in the container of the template's job."""
    template = yaml_parse((ROOT / "template.yaml").read_text())
    properties = template["Resources"]["TrainerJob"]["Properties"]["ContainerProperties"]
    container: dict[str, Any] = {**camel_case(properties), "image": image}
    images = Images({}, clean_environment(os.environ))
    given = {"GIVEN": "to the job"}
    return images.launch(container, ["sh", "-c", script], given, f"dlc-batch-{os.getpid()}")


def test_it_has_no_more_rights_than_the_template_gives(
    tiny_image: str, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DLC_BATCH_OF_THIS_COMPUTER", "not for jobs")
    before = engine.run("volume", "ls", "--quiet")
    started = launch(tiny_image, LOOK)
    done = subprocess.run(
        started.argv, env=started.environment, capture_output=True, text=True, check=False
    )
    said = done.stdout
    assert "uid=10001" in said, done.stderr
    assert "gid=10001" in said
    assert str(14000 * MIB) in said.splitlines()
    assert "CapEff:\t0000000000000000" in said
    assert "CapBnd:\t0000000000000000" in said
    assert "NoNewPrivs:\t1" in said
    assert "wrote to /tmp" in said.splitlines()
    assert "wrote to /" not in said.splitlines()
    assert "Read-only file system" in done.stderr
    assert f"shm {4096 * MIB // 4096} of 4096" in said
    assert "GIVEN=to the job" in said
    assert "AWS_EC2_METADATA_DISABLED=true" in said
    assert "DLC_BATCH_OF_THIS_COMPUTER" not in said
    assert engine.run("volume", "ls", "--quiet") == before


def test_one_that_a_crashed_server_left_is_ended(
    tiny_image: str, engine: Engine, tmp_path: Path
) -> None:
    scratch = tmp_path / "jobs" / "job"
    scratch.mkdir(parents=True)
    started = launch(tiny_image, "sleep 300")
    process = JobProcess(started, scratch, lambda _lines: None, kill_grace_s=1)
    note_process(scratch, process.pid, started.container)
    assert started.container
    name = started.container[1]
    wait_for(lambda: name in running(engine), process)
    end_leftovers(scratch.parent)
    wait_for(lambda: name not in running(engine), None)
    process.wait(None)


def running(engine: Engine) -> list[str]:
    return engine.run("ps", "--format", "{{.Names}}").split()


def wait_for(condition: Any, process: JobProcess | None) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        assert process is None or not process.wait(0.1), "it ended by itself"
