"""Puts the template, as it is, onto the local cloud: package, CreateStack or UpdateStack."""

import contextlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import boto3
from botocore.exceptions import ClientError

from dlc_batch.local.artifacts import ArtifactBuilder
from dlc_batch.local.cloud import LocalCloud, LocalCloudError
from dlc_batch.local.settings import TENSORFLOW_IMAGE, TRAINER_IMAGE

STACK_NAME = "dlc-batch"
ARTIFACT_BUCKET = "dlc-batch-local-artifacts"
# Parameters of a template that have another value here, where the template declares them.
LOCAL_PARAMETERS = {
    "TrainerImage": TRAINER_IMAGE,
    "TensorFlowImage": TENSORFLOW_IMAGE,
    "InstanceTypes": "local",  # it has no price, so no mail speaks of one
    "MaxDollarsPerRun": "0",
}
# For a parameter without a default whose name speaks of e-mail: nothing leaves this computer.
LOCAL_LAB = "lab@example.org"

# Property that names a folder of code, and the kind of artifact made of it.
_CODE = {
    "AWS::Serverless::Function": "CodeUri",
    "AWS::Serverless::LayerVersion": "ContentUri",
}
_STACK_S = 180
_POLL_S = 0.3
_NOT_CREATED = ("CREATE_IN_PROGRESS", "CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED")
_NO_CHANGE = "No updates are to be performed"

Template = dict[str, Any]


@dataclass(frozen=True)
class DeployedStack:
    """What a deployed stack is known by."""

    name: str
    bucket: str | None
    outputs: dict[str, str]


def aws_client(cloud: LocalCloud, service: str) -> Any:
    """A boto3 client for the local cloud with the admin's credentials."""
    return boto3.client(  # type: ignore[call-overload]
        service,
        endpoint_url=cloud.endpoint_url,
        region_name=cloud.region,
        aws_access_key_id=cloud.access_key_id,
        aws_secret_access_key=cloud.secret_access_key,
    )


def load_template(path: Path) -> Template:
    """The template with its short intrinsics (!Ref) in their long form."""
    from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped]

    try:
        return cast(Template, yaml_parse(path.read_text("utf-8")))
    except OSError as error:
        raise LocalCloudError(f"Cannot read the template {path}: {error.strerror}") from error


def package(
    template: Template, folder: Path, builder: ArtifactBuilder, upload: Callable[[Path], str]
) -> None:
    """Replace each folder of code in the template by the S3 address `upload` gives its zip."""
    sam_built = folder.parent.name == ".aws-sam"  # what `sam build` leaves is complete
    common = template.get("Globals", {}).get("Function", {}).get("CodeUri")
    for resource in template["Resources"].values():
        property_name = _CODE.get(resource["Type"], "")
        properties = resource.get("Properties", {})
        uri = properties.get(property_name, common if property_name == "CodeUri" else None)
        if isinstance(uri, str) and not uri.startswith("s3://"):
            make = builder.function if property_name == "CodeUri" else builder.layer
            built = sam_built or _is_packed_as_it_lies(resource)
            properties[property_name] = upload(make((folder / uri).resolve(), built=built))


def _is_packed_as_it_lies(resource: dict[str, Any]) -> bool:
    """SAM builds a layer only where it is told how."""
    is_layer = resource["Type"] == "AWS::Serverless::LayerVersion"
    return is_layer and "BuildMethod" not in resource.get("Metadata", {})


def deploy(
    cloud: LocalCloud, template_file: Path, builder: ArtifactBuilder, chosen: dict[str, str]
) -> DeployedStack:
    """Create the stack, or bring it up to date; `chosen` are parameter values. Raises
    LocalCloudError naming the resource that failed."""
    template = load_template(template_file)
    s3 = aws_client(cloud, "s3")
    with contextlib.suppress(s3.exceptions.BucketAlreadyOwnedByYou):
        s3.create_bucket(Bucket=ARTIFACT_BUCKET)

    def upload(artifact: Path) -> str:
        s3.upload_file(str(artifact), ARTIFACT_BUCKET, artifact.name)
        return f"s3://{ARTIFACT_BUCKET}/{artifact.name}"

    package(template, template_file.parent.resolve(), builder, upload)
    stacks = aws_client(cloud, "cloudformation")
    _drop_failed(stacks)
    _create_or_update(stacks, template, _parameters(template, chosen))
    return describe(cloud)


def _parameters(template: Template, chosen: dict[str, str]) -> list[dict[str, str]]:
    declared: dict[str, Any] = template.get("Parameters", {})
    unknown = sorted(chosen.keys() - declared.keys())
    if unknown:
        raise LocalCloudError(
            f"The template has no parameter {unknown[0]}: it has {', '.join(declared)}"
        )
    values = {**{k: v for k, v in LOCAL_PARAMETERS.items() if k in declared}, **chosen}
    for name, declaration in declared.items():
        if "Default" not in declaration and name not in values:
            if "mail" not in name.lower():
                raise LocalCloudError(
                    f"The template's parameter {name} has no default: "
                    f"give --parameter {name}=VALUE"
                )
            values[name] = LOCAL_LAB
    return [{"ParameterKey": name, "ParameterValue": value} for name, value in values.items()]


def require_parameters(cloud: LocalCloud, chosen: dict[str, str]) -> None:
    """Raise LocalCloudError where the stack has other values than `chosen`."""
    stack = aws_client(cloud, "cloudformation").describe_stacks(StackName=STACK_NAME)["Stacks"][0]
    has = {each["ParameterKey"]: each["ParameterValue"] for each in stack.get("Parameters", [])}
    others = [name for name, value in chosen.items() if has.get(name) != value]
    if others:
        raise LocalCloudError(
            f"The local cloud is up already, with another {', '.join(others)}: say"
            " `dlc-batch local down` first, then this again"
        )


def _create_or_update(stacks: Any, template: Template, parameters: list[dict[str, str]]) -> None:
    request = {
        "StackName": STACK_NAME,
        "TemplateBody": json.dumps(template, default=str),
        "Parameters": parameters,
        "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
    }
    try:
        if _status(stacks) is None:
            stacks.create_stack(**request)
        else:
            stacks.update_stack(**request)
    except ClientError as error:
        if _NO_CHANGE in str(error):
            return
        raise LocalCloudError(f"The template cannot be deployed: {error}") from error
    status = _settled(stacks)
    if status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        raise LocalCloudError(f"The stack {STACK_NAME} ended in {status}: {_failures(stacks)}")


def _drop_failed(stacks: Any) -> None:
    """A stack whose creation failed, or ended with the server in between, can only be deleted."""
    if _status(stacks) in _NOT_CREATED:
        stacks.delete_stack(StackName=STACK_NAME)
        _settled(stacks)


def _status(stacks: Any) -> str | None:
    try:
        status: str = stacks.describe_stacks(StackName=STACK_NAME)["Stacks"][0]["StackStatus"]
    except ClientError:
        return None
    return None if status == "DELETE_COMPLETE" else status


def _settled(stacks: Any) -> str | None:
    deadline = time.monotonic() + _STACK_S
    while time.monotonic() < deadline:
        status = _status(stacks)
        if status is None or not status.endswith("_IN_PROGRESS"):
            return status
        time.sleep(_POLL_S)
    raise LocalCloudError(f"The stack {STACK_NAME} is still {status} after {_STACK_S} s")


def _failures(stacks: Any) -> str:
    events = stacks.describe_stack_events(StackName=STACK_NAME)["StackEvents"]
    failed = [
        f"{event['LogicalResourceId']} ({event['ResourceType']}): {event['ResourceStatusReason']}"
        for event in reversed(events)
        if event["ResourceStatus"].endswith("_FAILED") and event.get("ResourceStatusReason")
    ]
    return "; ".join(dict.fromkeys(failed)) or "no reason given"


def describe(cloud: LocalCloud) -> DeployedStack:
    """The stack's outputs, and the bucket that labs upload to: output Bucket or BucketName, else
    the only bucket of the stack."""
    stacks = aws_client(cloud, "cloudformation")
    found = stacks.describe_stacks(StackName=STACK_NAME)["Stacks"][0]
    outputs = {pair["OutputKey"]: pair["OutputValue"] for pair in found.get("Outputs", [])}
    resources = stacks.describe_stack_resources(StackName=STACK_NAME)["StackResources"]
    buckets = [
        r["PhysicalResourceId"] for r in resources if r["ResourceType"] == "AWS::S3::Bucket"
    ]
    bucket = outputs.get("Bucket") or outputs.get("BucketName") or next(iter(buckets), None)
    return DeployedStack(STACK_NAME, bucket, outputs)
