"""What podman and docker are asked for, for a job definition; tests/image tries it with one."""

from itertools import pairwise

from samtranslator.yaml_helper import yaml_parse

from dlc_batch.local.batch_process import JobProcess, end_leftovers, note_process
from dlc_batch.local.containers import run_arguments
from dlc_batch.local.home import checkout
from dlc_batch.local.images import Launch
from dlc_batch.local.stack_resources import camel_case

ALWAYS = ["--network", "host", "--cap-drop", "all", "--security-opt", "no-new-privileges"]


def test_the_job_of_the_template_is_closed_but_for_scratch():
    template = yaml_parse((checkout() / "template.yaml").read_text())
    properties = template["Resources"]["TrainerJob"]["Properties"]["ContainerProperties"]
    arguments = run_arguments(camel_case(properties))
    assert "--read-only" in arguments
    assert "--init" not in arguments  # the trainer is process 1
    for pair in (
        ("--user", "10001:10001"),
        ("--memory", "14000m"),
        ("--memory-swap", "14000m"),
        ("--shm-size", "4096m"),
        ("--volume", "/tmp"),
        ("--network", "host"),
    ):
        assert pair in set(pairwise(arguments))


def test_a_definition_that_says_nothing_gets_no_rights_either():
    assert run_arguments({"image": "any"}) == ALWAYS


def test_a_folder_of_the_host_is_mounted_as_the_definition_says():
    volumes = [{"name": "data", "host": {"sourcePath": "/data"}}]
    points = [
        {"sourceVolume": "data", "containerPath": "/in", "readOnly": True},
        {"sourceVolume": "data", "containerPath": "/out"},
    ]
    arguments = run_arguments({"volumes": volumes, "mountPoints": points})
    assert arguments[len(ALWAYS) :] == ["--volume", "/data:/in:ro", "--volume", "/data:/out"]


def test_what_a_crashed_server_left_is_ended_with_its_container(tmp_path):
    """The engine is a program that notes what it is asked."""
    engine, asked = tmp_path / "engine", tmp_path / "asked"
    engine.write_text(f'#!/bin/sh\necho "$@" >> {asked}\n')
    engine.chmod(0o755)
    scratch = tmp_path / "jobs" / "job"
    scratch.mkdir(parents=True)
    launch = Launch(["sleep", "300"], {"PATH": "/usr/bin:/bin"}, (str(engine), "its-name"))
    process = JobProcess(launch, scratch, lambda _lines: None, kill_grace_s=1)
    note_process(scratch, process.pid, launch.container)
    end_leftovers(scratch.parent)
    assert process.wait(30)
    assert asked.read_text() == "kill its-name\n"
