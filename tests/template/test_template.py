"""The template is valid as it stands, translated, and built; and deploys with SAM CLI."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse

from dlc_batch.local.home import Home
from dlc_batch.local.lifecycle import UpOptions, down, up

from .conftest import ROOT, TEMPLATE, Run, translate

#: Resource types that are billed by the hour for being there.
BILLED_BY_THE_HOUR = (
    "AWS::EC2::NatGateway",
    "AWS::EC2::EIP",
    "AWS::EC2::Instance",
    "AWS::ElasticLoadBalancingV2::LoadBalancer",
    "AWS::RDS::",
    "AWS::SageMaker::Endpoint",
    "AWS::ECS::Service",
    "AWS::ElastiCache::",
)


def _cfn_lint(template: Path) -> None:
    command = [
        Path(sys.executable).with_name("cfn-lint"),
        "--regions",
        "us-east-1",
        "eu-central-1",
    ]
    done = subprocess.run([*command, "--", template], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_sam_validates_it(run_sam: Run) -> None:
    assert run_sam("validate", "--lint").returncode == 0


def test_cfn_lint_passes_on_the_source() -> None:
    _cfn_lint(TEMPLATE)


def test_cfn_lint_passes_on_the_translated_template(translated: Path) -> None:
    _cfn_lint(translated)


def test_nothing_idles(translated: Path) -> None:
    resources = json.loads(translated.read_text())["Resources"].values()
    types = {each["Type"] for each in resources}
    assert not [t for t in types if t.startswith(BILLED_BY_THE_HOUR)]
    environments = [e for e in resources if e["Type"] == "AWS::Batch::ComputeEnvironment"]
    assert [e["Properties"]["ComputeResources"]["MinvCpus"] for e in environments] == [0, 0]
    endpoints = [e["Properties"] for e in resources if e["Type"] == "AWS::EC2::VPCEndpoint"]
    assert [e["VpcEndpointType"] for e in endpoints] == ["Gateway"]


def test_the_functions_artifacts_are_tiny_and_pure(built: Path) -> None:
    files = [path for path in built.rglob("*") if path.is_file()]
    compiled = [path.name for path in files if path.suffix in (".so", ".pyd", ".dylib")]
    assert not compiled
    assert (built / "CoreLayer/python/dlc_batch_core/check.py").is_file()
    for function in ("SubmitFunction", "CompleteFunction", "ImageFunction"):
        size = sum(p.stat().st_size for p in (built / function).rglob("*") if p.is_file())
        assert size < 20_000, f"{function} has {size} bytes: what it needs belongs into the layer"


def test_sam_deploys_the_built_template_to_the_local_cloud(
    built: Path,
    run_sam: Run,
    new_home: Callable[[], Home],
    open_session: Callable[[Any], Any],
) -> None:
    assert (built / "template.yaml").is_file()
    home = new_home()
    try:
        cloud = up(home, UpOptions(deploy=False), print)
        done = run_sam(
            "deploy",
            "--no-confirm-changeset",
            "--parameter-overrides",
            "NotificationEmail=lab@example.org TrainerImage=local/trainer"
            " TensorFlowImage=local/trainer-tensorflow",
            AWS_ENDPOINT_URL=cloud.endpoint_url,
            AWS_ACCESS_KEY_ID=cloud.access_key_id,
            AWS_SECRET_ACCESS_KEY=cloud.secret_access_key,
        )
        assert done.returncode == 0
        stacks = (
            open_session(cloud).client("cloudformation").describe_stacks(StackName="dlc-batch")
        )
        outputs = {o["OutputKey"] for o in stacks["Stacks"][0]["Outputs"]}
        assert {"Bucket", "RunsTable", "JobQueue", "TopicArn"} <= outputs
    finally:
        down(home, print)


@pytest.mark.parametrize("image", ["TrainerImageBuild", "TensorFlowImageBuild"])
def test_cloudformation_asks_for_an_image_when_its_sources_change_and_only_then(
    image: str,
) -> None:
    """It asks when a property differs; and other edits need not wait for the image."""

    def asked(changed: str = "") -> Any:
        return translate(changed)["Resources"][image]["Properties"]

    for layer in ("CoreLayer", "TrainerSources", "Requirements"):
        assert asked(layer) != asked()
    for function in ("SubmitFunction", "CompleteFunction", "ImageFunction"):
        assert asked(function) == asked()


def test_an_image_has_been_built_or_has_failed_when_cloudformation_gives_up() -> None:
    resources = yaml_parse(TEMPLATE.read_text())["Resources"]
    project = resources["ImageProject"]["Properties"]
    longest_s = 60 * (project["TimeoutInMinutes"] + project["QueuedTimeoutInMinutes"])
    for image in ("TrainerImageBuild", "TensorFlowImageBuild"):
        waits_s = resources[image]["Properties"]["ServiceTimeout"]
        assert longest_s < waits_s <= 3600  # CloudFormation's limit


def test_nothing_of_codebuild_is_made_for_an_image_that_is_given() -> None:
    template = translate()
    conditions, resources = template["Conditions"], template["Resources"]
    assert conditions["BuildsTrainer"] == {"Fn::Equals": [{"Ref": "TrainerImage"}, ""]}
    of_builds = {
        name: each.get("Condition")
        for name, each in resources.items()
        if "Image" in name or each["Type"].startswith(("AWS::CodeBuild", "Custom::"))
    }
    assert {"ImageProject", "ImageFunction", "ImageBuildRole", "ImageLogs"} <= of_builds.keys()
    assert {*of_builds.values()} == {"BuildsTrainer", "BuildsTensorFlow", "BuildsImages"}


def test_the_build_is_shell_that_bash_takes(tmp_path: Path) -> None:
    source = yaml_parse(TEMPLATE.read_text())["Resources"]["ImageProject"]["Properties"]["Source"]
    commands = yaml_parse(source["BuildSpec"])["phases"]["build"]["commands"]
    said = tmp_path / "said"
    for program in ("aws", "docker"):
        (tmp_path / program).write_text(f'#!/bin/sh\necho {program} "$@" >> {said}\n')
        (tmp_path / program).chmod(0o755)
    variables = {"REPOSITORY": "1.ecr/trainer", "ENGINE": "pytorch", "TAG": "pytorch-0a"}
    for nets in ({}, {"NETS": "resnet_50 hrnet_w18"}):
        subprocess.run(
            ["bash", "-euc", "\n".join(commands)],
            env={**variables, **nets, "PATH": f"{tmp_path}:/usr/bin:/bin"},
            check=True,
        )
    lines = said.read_text().splitlines()
    builds = [line for line in lines if line.startswith("docker build --file trainer_image/D")]
    assert "--build-arg NETS= " in builds[0]
    assert "--build-arg NETS=resnet_50 hrnet_w18 " in builds[1]
    assert lines.count("docker push 1.ecr/trainer:pytorch-0a") == 2
    assert lines.count("docker login --username AWS --password-stdin 1.ecr") == 2


def test_the_retry_rules_name_the_trainers_exit_codes() -> None:
    from dlc_batch_core.job import ExitCode

    job = yaml_parse(TEMPLATE.read_text())["Resources"]["TrainerJob"]["Properties"]
    rules = job["RetryStrategy"]["EvaluateOnExit"]
    ended = {int(rule["OnExitCode"]) for rule in rules if rule["Action"] == "EXIT"}
    assert ended == {ExitCode.BUG, ExitCode.USER}
    assert job["RetryStrategy"]["Attempts"] == 3  # on Spot, and as many On-Demand
    assert len(rules) <= 5  # AWS Batch's limit


def test_a_mail_is_claimed_for_as_long_as_a_function_may_be_at_work() -> None:
    from dlc_batch_core.run_table import MAIL_CLAIM_SECONDS

    template = yaml_parse(TEMPLATE.read_text())
    functions = [template["Resources"][f"{name}Function"] for name in ("Submit", "Complete")]
    limits = [each["Properties"].get("Timeout") for each in functions]
    limits += [template["Globals"]["Function"]["Timeout"]]
    assert max(limit for limit in limits if limit) <= MAIL_CLAIM_SECONDS


def test_the_job_passes_every_parameter_as_an_argument_of_its_own() -> None:
    from dlc_batch_core.job import TrainingJob

    job = yaml_parse(TEMPLATE.read_text())["Resources"]["TrainerJob"]["Properties"]
    named = {a.removeprefix("Ref::") for a in job["ContainerProperties"]["Command"] if "::" in a}
    assert named == TrainingJob("bucket", "lab", "run", 1).to_parameters().keys()


def test_the_limits_of_uploads_reach_function_and_job() -> None:
    from dlc_batch_core.limits import Limits

    template = yaml_parse(TEMPLATE.read_text())
    resources, parameters = template["Resources"], template["Parameters"]
    of_function = resources["SubmitFunction"]["Properties"]["Environment"]["Variables"]
    of_job = resources["TrainerJob"]["Properties"]["ContainerProperties"]["Environment"]
    named = {each["Name"]: each["Value"] for each in of_job}
    given = {name: named[name]["Ref"] for name in named if name.startswith("MAX_")}
    assert given.items() <= {k: v["Ref"] for k, v in of_function.items() if "Ref" in v}.items()
    defaults = {name: str(parameters[ref]["Default"]) for name, ref in given.items()}
    assert Limits.from_settings(defaults) == Limits()
    assert Limits.from_settings(dict.fromkeys(given, "1")) == Limits(
        members=1, total_bytes=1 << 30
    )


def test_the_job_is_told_where_it_runs_and_what_it_is() -> None:
    container = _jobs()["TrainerJob"]["ContainerProperties"]
    given = {each["Name"]: each["Value"] for each in container["Environment"]}
    assert given["AWS_DEFAULT_REGION"] == {"Ref": "AWS::Region"}
    assert given["DLC_BATCH_METRICS_NAMESPACE"] == {"Ref": "AWS::StackName"}
    assert given["DLC_BATCH_IMAGE"] == container["Image"]


def test_the_jobs_of_the_two_engines_differ_by_their_image_only() -> None:
    pytorch, tensorflow = _jobs().values()
    images = [_without_image(each) for each in (pytorch, tensorflow)]
    assert images[0] != images[1]
    assert pytorch == tensorflow


def _without_image(job: dict[str, Any]) -> tuple[Any, Any]:
    """Take the image out of a job definition, and give it as it is named there twice."""
    container = job["ContainerProperties"]
    named = [e for e in container["Environment"] if e["Name"] == "DLC_BATCH_IMAGE"]
    container["Environment"].remove(named[0])
    return container.pop("Image"), named[0]["Value"]


def _jobs() -> dict[str, dict[str, Any]]:
    resources = json.loads(json.dumps(yaml_parse(TEMPLATE.read_text())["Resources"]))
    return {name: resources[name]["Properties"] for name in ("TrainerJob", "TrainerJobTensorFlow")}


def test_no_alias_is_left_in_what_sam_builds(built: Path) -> None:
    """CloudFormation itself knows no merge keys."""
    text = (built / "template.yaml").read_text()
    assert "<<:" not in text
    assert "TrainerJobTensorFlow" in text


def test_the_template_lies_where_the_client_looks_for_it() -> None:
    from dlc_batch.local.home import checkout

    assert checkout() == ROOT


def test_hadolint_passes_on_the_trainers_image() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    command = [hadolint, ROOT / "trainer_image" / "Dockerfile"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
