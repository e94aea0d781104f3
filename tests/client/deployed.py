"""A stack in moto with what the doctor looks at, named as template.yaml names it."""

from __future__ import annotations

import json
from typing import Any

from tests.client.spoiled_aws import REGION, SpoiledAws

from dlc_batch.cloud import DescribedStack
from dlc_batch.doctor.deployment import read_deployment
from dlc_batch.doctor.examination import Examination, examine

STACK = "dlc-batch"
MANIFEST = json.dumps(
    {
        "schemaVersion": 2,
        "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
        "config": {"digest": f"sha256:{0:064}", "size": 0},
        "layers": [],
    }
)
INSTANCE_TYPES = ["g4dn.xlarge", "g5.xlarge"]
#: What S3 says of a bucket's notifications; moto keeps this one to itself.
TELLS_EVENTBRIDGE = (
    "<NotificationConfiguration><EventBridgeConfiguration/></NotificationConfiguration>"
)
SERVICE_ROLES = ("AWSServiceRoleForBatch", "AWSServiceRoleForEC2Spot")
GPU_QUOTAS = ("L-DB2E81BA", "L-3819A6DF")


def _job(tag: str) -> dict[str, Any]:
    image = {"Fn::Sub": "${TrainerRepository.RepositoryUri}:" + tag}
    needs = [{"Type": "VCPU", "Value": "4"}, {"Type": "MEMORY", "Value": "14000"}]
    container = {"Image": image, "ResourceRequirements": needs}
    properties = {
        "Type": "container",
        "ContainerProperties": container,
        "RetryStrategy": {"Attempts": 6},
    }
    return {"Type": "AWS::Batch::JobDefinition", "Properties": properties}


def _environment(kind: str) -> dict[str, Any]:
    resources = {
        "Type": kind,
        "MinvCpus": 0,
        "DesiredvCpus": 0,
        "MaxvCpus": 16,
        "InstanceTypes": INSTANCE_TYPES,
        "InstanceRole": {"Fn::GetAtt": ["InstanceProfile", "Arn"]},
        "Subnets": [{"Ref": "SubnetA"}],
        "SecurityGroupIds": [{"Ref": "SecurityGroup"}],
    }
    properties = {
        "Type": "MANAGED",
        "State": "ENABLED",
        "ServiceRole": {"Fn::GetAtt": ["InstanceRole", "Arn"]},
        "ComputeResources": resources,
    }
    return {"Type": "AWS::Batch::ComputeEnvironment", "Properties": properties}


def _role(service: str) -> dict[str, Any]:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
    }
    document = {"Version": "2012-10-17", "Statement": [statement]}
    return {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": document}}


TEMPLATE: dict[str, Any] = {
    "Resources": {
        "Bucket": {"Type": "AWS::S3::Bucket"},
        "Topic": {"Type": "AWS::SNS::Topic"},
        "Undelivered": {"Type": "AWS::SQS::Queue"},
        "SubmitFunction": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Runtime": "python3.13",
                "Handler": "index.handler",
                "Role": {"Fn::GetAtt": ["InstanceRole", "Arn"]},
                "Code": {"ZipFile": "handler = print"},
            },
        },
        "SubmitFunctionUpload": {
            "Type": "AWS::Events::Rule",
            "Properties": {"EventPattern": {"source": ["aws.s3"]}, "State": "ENABLED"},
        },
        "TrainerRepository": {
            "Type": "AWS::ECR::Repository",
            "Properties": {"RepositoryName": "dlc-batch-trainer"},
        },
        "TrainerJob": _job("latest"),
        "TrainerJobTensorFlow": _job("tensorflow"),
        "JobQueue": {
            "Type": "AWS::Batch::JobQueue",
            "Properties": {
                "Priority": 1,
                "State": "ENABLED",
                "ComputeEnvironmentOrder": [
                    {"Order": 1, "ComputeEnvironment": {"Ref": "SpotCompute"}},
                    {"Order": 2, "ComputeEnvironment": {"Ref": "OnDemandCompute"}},
                ],
            },
        },
        "SpotCompute": _environment("SPOT"),
        "OnDemandCompute": _environment("EC2"),
        "InstanceRole": _role("ec2.amazonaws.com"),
        "InstanceProfile": {
            "Type": "AWS::IAM::InstanceProfile",
            "Properties": {"Roles": [{"Ref": "InstanceRole"}]},
        },
        "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.42.0.0/16"}},
        "SubnetA": {
            "Type": "AWS::EC2::Subnet",
            "Properties": {
                "VpcId": {"Ref": "Vpc"},
                "CidrBlock": "10.42.0.0/20",
                "AvailabilityZone": f"{REGION}a",
            },
        },
        "SecurityGroup": {
            "Type": "AWS::EC2::SecurityGroup",
            "Properties": {"GroupDescription": "instances", "VpcId": {"Ref": "Vpc"}},
        },
    }
}


class Deployed:
    """The stack, and hands for a test to spoil one thing of it."""

    def __init__(self, aws: SpoiledAws) -> None:
        self.aws = aws
        stacks = aws.client("cloudformation")
        stacks.create_stack(StackName=STACK, TemplateBody=json.dumps(TEMPLATE))
        self.arn = stacks.describe_stacks(StackName=STACK)["Stacks"][0]["StackId"]
        listed = stacks.list_stack_resources(StackName=STACK)["StackResourceSummaries"]
        self._made = {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in listed}
        self._finish()

    def __getitem__(self, logical_id: str) -> str:
        """Return the physical name of a resource."""
        return str(self._made[logical_id])

    def name(self, logical_id: str) -> str:
        """Return the physical name without what goes before it in an ARN."""
        return self[logical_id].rsplit("/", 1)[-1].split(":")[0]

    def _finish(self) -> None:
        """What moto's CloudFormation leaves out, and what an admin does after `sam deploy`."""
        self.aws.answer("s3", "notification", TELLS_EVENTBRIDGE)
        self.subscription = self.subscribe("ada@example.org")
        for tag in ("latest", "tensorflow"):
            self.push(tag)
        for role in SERVICE_ROLES:
            self.aws.client("iam").create_role(RoleName=role, AssumeRolePolicyDocument="{}")
        for code in GPU_QUOTAS:
            self.set_quota(code, 8)

    def examine(self) -> Examination:
        """Let the doctor look."""
        stacks = self.aws.client("cloudformation")
        described = stacks.describe_stacks(StackName=STACK)["Stacks"][0]
        stack = DescribedStack(self.aws.session, self.aws.endpoint_url, STACK, described)
        return examine(read_deployment(stack))

    def subscribe(self, address: str) -> str:
        subscribed = self.aws.client("sns").subscribe(
            TopicArn=self["Topic"], Protocol="email", Endpoint=address
        )
        return str(subscribed["SubscriptionArn"])

    def push(self, tag: str) -> None:
        self.aws.client("ecr").put_image(
            repositoryName=self["TrainerRepository"], imageManifest=MANIFEST, imageTag=tag
        )

    def set_quota(self, code: str, vcpus: float) -> None:
        """moto knows no quotas of EC2."""
        quota = {"Quota": {"QuotaCode": code, "Value": vcpus}}
        self.aws.answer("servicequotas", f"GetServiceQuota .*{code}", quota)
