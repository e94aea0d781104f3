"""The product's template with the admin's own key and network, on a local cloud."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse

from dlc_batch.local.cloud import LocalCloud, LocalCloudError
from dlc_batch.local.home import Home
from dlc_batch.local.lifecycle import UpOptions, down, up

ROOT = Path(__file__).resolve().parents[2]
KEY = "arn:aws:kms:us-east-1:000000000000:key/1234abcd-12ab-34cd-56ef-1234567890ab"
NETWORK = {"SubnetIds": "subnet-1,subnet-2", "SecurityGroupIds": "sg-1"}


@pytest.fixture(scope="module")
def start(new_home: Callable[[], Home]) -> Iterator[Callable[..., LocalCloud]]:
    homes: list[Home] = []

    def begin(**parameters: str) -> LocalCloud:
        homes.append(new_home())
        options = UpOptions(ROOT / "template.yaml", parameters=parameters)
        return up(homes[-1], options, print)

    yield begin
    for home in homes:
        down(home, print)
        shutil.rmtree(home.path, ignore_errors=True)


@pytest.fixture(scope="module")
def own(start: Callable[..., LocalCloud], open_session: Callable[..., Any]) -> Any:
    return start(KmsKeyArn=KEY, **NETWORK), open_session


@pytest.fixture
def client(own: Any) -> Callable[[str], Any]:
    cloud, open_session = own
    session = open_session(cloud)
    return lambda service: session.client(service)


def _resources(client: Callable[[str], Any], cloud: LocalCloud) -> dict[str, dict[str, str]]:
    formation = client("cloudformation")
    found = formation.list_stack_resources(StackName=cloud.stack_name)["StackResourceSummaries"]
    return {each["LogicalResourceId"]: each for each in found}


def test_the_instances_are_in_the_admins_network_and_no_other_is_made(
    own: Any, client: Callable[[str], Any]
) -> None:
    types = {each["ResourceType"] for each in _resources(client, own[0]).values()}
    assert {kind for kind in types if "::EC2::" in kind} == {"AWS::EC2::LaunchTemplate"}
    environments = client("batch").describe_compute_environments()["computeEnvironments"]
    assert len(environments) == 2
    for each in environments:
        assert each["computeResources"]["subnets"] == ["subnet-1", "subnet-2"]
        assert each["computeResources"]["securityGroupIds"] == ["sg-1"]


def test_the_bucket_and_the_table_are_encrypted_with_the_admins_key_or_as_ever() -> None:
    """By the template: MiniStack's stacks leave the encryption of both out."""
    resources = yaml_parse((ROOT / "template.yaml").read_text())["Resources"]
    encryption = resources["Bucket"]["Properties"]["BucketEncryption"]
    (rule,) = encryption["ServerSideEncryptionConfiguration"]
    condition, own, common = rule["Fn::If"]
    by_key = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": {"Ref": "KmsKeyArn"}}
    assert own == {"ServerSideEncryptionByDefault": by_key, "BucketKeyEnabled": True}
    assert common == {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    of_table, own, common = resources["RunsTable"]["Properties"]["SSESpecification"]["Fn::If"]
    assert own["KMSMasterKeyId"] == {"Ref": "KmsKeyArn"}
    assert common == {"SSEEnabled": True}
    assert {condition, of_table} == {"UsesOwnKey"}


@pytest.mark.parametrize("role", ["SubmitFunctionRole", "CompleteFunctionRole", "TrainerRole"])
def test_every_role_that_reads_or_writes_may_use_the_key(
    role: str, own: Any, client: Callable[[str], Any]
) -> None:
    name = _resources(client, own[0])[role]["PhysicalResourceId"]
    policy = client("iam").get_role_policy(RoleName=name, PolicyName="use-key")
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement["Resource"] == KEY
    assert statement["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]


def test_a_scientist_may_use_the_key(own: Any, client: Callable[[str], Any]) -> None:
    arn, iam = own[0].outputs["ScientistPolicy"], client("iam")
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    document = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"][
        "Document"
    ]
    named = {each["Sid"]: each for each in document["Statement"]}
    assert named["UseKey"]["Resource"] == KEY


def test_subnets_need_security_groups(start: Callable[..., LocalCloud]) -> None:
    with pytest.raises(LocalCloudError, match="SubnetIds need SecurityGroupIds"):
        start(SubnetIds="subnet-1")
