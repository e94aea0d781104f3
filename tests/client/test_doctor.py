"""The doctor of a deployment: one thing spoiled at a time is found, and nothing else."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore import xform_name
from tests.client.deployed import GPU_QUOTAS, SERVICE_ROLES, STACK, Deployed
from tests.client.spoiled_aws import REGION, SpoiledAws

from dlc_batch.doctor.deployment import LOCAL_ACCOUNT
from dlc_batch.doctor.findings import FINDINGS
from dlc_batch_core.catalogue import Entry

RunCli = Callable[..., Any]
Spoil = Callable[[Deployed], object]
TROUBLESHOOT = Path(__file__).resolve().parents[2] / "docs" / "troubleshoot.md"
ON_DEMAND, SPOT = GPU_QUOTAS
BATCH_ROLE, SPOT_ROLE = SERVICE_ROLES


@pytest.fixture
def aws_of(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], SpoiledAws]]:
    """Makes an account, to which the environment's credentials lead."""
    opened: list[SpoiledAws] = []

    def make(account: str) -> SpoiledAws:
        aws = SpoiledAws(account)
        opened.append(aws)
        settings = {key.upper(): value for key, value in aws.keys.items()}
        settings |= {"AWS_ENDPOINT_URL": aws.endpoint_url, "AWS_DEFAULT_REGION": REGION}
        settings |= {"AWS_MAX_ATTEMPTS": "1", "DLC_BATCH_CLOUD": "aws"}
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        return aws

    yield make
    for each in opened:
        each.close()


_accounts = iter(range(100_000_000_001, 200_000_000_000))


@pytest.fixture(scope="module")
def observed() -> Iterator[Deployed]:
    """A stack with an undelivered event, for tests that leave it as it is."""
    aws = SpoiledAws(str(next(_accounts)))
    stack = Deployed(aws)
    leave_undelivered(stack)
    yield stack
    aws.close()


@pytest.fixture
def deployed(aws_of: Callable[[str], SpoiledAws]) -> Deployed:
    """A stack that is well, in an account of its own."""
    return Deployed(aws_of(str(next(_accounts))))


def status(value: str) -> Spoil:
    old = "<StackStatus>[A-Z_]+"
    new = f"<StackStatus>{value}"
    return lambda stack: stack.aws.alter("cloudformation", "DescribeStacks", old, new)


def parameter(name: str, value: str) -> Spoil:
    """Deploy with a cap, and with an instance type whose price is not known."""
    added = {"InstanceTypes": "g4dn.xlarge,p9.huge", name: value}
    members = "".join(
        f"<member><ParameterKey>{key}</ParameterKey><ParameterValue>{each}</ParameterValue></member>"
        for key, each in added.items()
    )
    old = r"(?s)<Parameters\s*/>|<Parameters>.*?</Parameters>"
    new = f"<Parameters>{members}</Parameters>"
    return lambda stack: stack.aws.alter("cloudformation", "DescribeStacks", old, new)


def delete_function(stack: Deployed) -> None:
    stack.aws.client("lambda").delete_function(FunctionName=stack["SubmitFunction"])


def disable_queue(stack: Deployed) -> None:
    stack.aws.client("batch").update_job_queue(jobQueue=stack["JobQueue"], state="DISABLED")


def disable_environment(stack: Deployed) -> None:
    stack.aws.client("batch").update_compute_environment(
        computeEnvironment=stack["SpotCompute"], state="DISABLED"
    )


def invalidate(operation: str) -> Spoil:
    """Say of the first thing described that it is invalid."""
    new = r'\1"status": "INVALID", "statusReason": "NO ROLE"'
    pattern = r'(?s)^(.*?)"status": ?"VALID"(, ?"statusReason": ?"[^"]*")?'
    return lambda stack: stack.aws.alter("batch", operation, pattern, new)


def delete_image(tag: str) -> Spoil:
    return lambda stack: stack.aws.client("ecr").batch_delete_image(
        repositoryName=stack["TrainerRepository"], imageIds=[{"imageTag": tag}]
    )


def take_off_the_market(pattern: str) -> Spoil:
    return lambda stack: stack.aws.alter(
        "ec2", "DescribeInstanceTypeOfferings", pattern, "m5.large"
    )


def delete_role(name: str) -> Spoil:
    return lambda stack: stack.aws.client("iam").delete_role(RoleName=name)


def disable_rule(stack: Deployed) -> None:
    stack.aws.client("events").disable_rule(Name=stack["SubmitFunctionUpload"])


def leave_undelivered(stack: Deployed) -> None:
    sqs = stack.aws.client("sqs")
    sqs.send_message(QueueUrl=stack["Undelivered"], MessageBody="{}")


def unsubscribe(stack: Deployed) -> None:
    stack.aws.client("sns").unsubscribe(SubscriptionArn=stack.subscription)


def leave_unconfirmed(stack: Deployed) -> None:
    arn = re.escape(stack.subscription)
    stack.aws.alter("sns", "ListSubscriptionsByTopic", arn, "PendingConfirmation")


SPOILS: dict[str, Spoil] = {
    "stack-failed": status("ROLLBACK_COMPLETE"),
    "stack-rolled-back": status("UPDATE_ROLLBACK_COMPLETE"),
    "stack-not-deployed": status("REVIEW_IN_PROGRESS"),
    "stack-in-progress": status("UPDATE_IN_PROGRESS"),
    "resource-missing": delete_function,
    "queue-disabled": disable_queue,
    "queue-invalid": invalidate("describejobqueues"),
    "environment-disabled": disable_environment,
    "environment-invalid": invalidate("describecomputeenvironments"),
    "image-missing": delete_image("latest"),
    "tensorflow-image-missing": delete_image("tensorflow"),
    "quota-too-small": lambda stack: stack.set_quota(SPOT, 3),
    "instances-not-offered": take_off_the_market(r"g\w+\.xlarge"),
    "instances-partly-offered": take_off_the_market(r"g5\.xlarge"),
    "batch-role-missing": delete_role(BATCH_ROLE),
    "spot-role-missing": delete_role(SPOT_ROLE),
    "budget-without-price": parameter("MonthlyDollarsPerLab", "200"),
    "cap-without-price": parameter("MaxDollarsPerRun", "50"),
    "notifications-off": lambda stack: stack.aws.mend("s3", "notification"),
    "rule-disabled": disable_rule,
    "undelivered": leave_undelivered,
    "mail-unconfirmed": leave_unconfirmed,
    "mail-nobody": unsubscribe,
}
#: What each finding must name: where it is, what was seen, and how it is mended.
NAMED = {
    "stack-failed": ("ROLLBACK_COMPLETE", f"--stack-name {STACK}"),
    "stack-rolled-back": ("UPDATE_ROLLBACK_COMPLETE", f"--stack-name {STACK}"),
    "stack-not-deployed": ("sam deploy", "y"),
    "stack-in-progress": ("UPDATE_IN_PROGRESS",),
    "resource-missing": ("SubmitFunction",),
    "queue-disabled": ("JobQueue", "DISABLED", "--state ENABLED"),
    "queue-invalid": ("JobQueue", "INVALID", "NO ROLE"),
    "environment-disabled": ("SpotCompute", "DISABLED", "--state ENABLED"),
    "environment-invalid": ("Compute", "INVALID", "NO ROLE"),
    "image-missing": ("TrainerJob (", "dlc-batch-trainer:latest"),
    "tensorflow-image-missing": ("TrainerJobTensorFlow (", "dlc-batch-trainer:tensorflow"),
    "quota-too-small": (SPOT, "3 vCPUs", "--desired-value 4", REGION),
    "instances-not-offered": (f"{REGION}a", "g4dn.xlarge, g5.xlarge"),
    "instances-partly-offered": (f"{REGION}a: g5.xlarge.",),
    "batch-role-missing": (BATCH_ROLE, "batch.amazonaws.com"),
    "spot-role-missing": (SPOT_ROLE, "spot.amazonaws.com"),
    "budget-without-price": ("MonthlyDollarsPerLab", "no price of p9.huge", "Prices="),
    "cap-without-price": ("MaxDollarsPerRun", "no price of p9.huge", "Prices="),
    "notifications-off": ("Bucket", '{"EventBridgeConfiguration": {}}'),
    "rule-disabled": ("SubmitFunctionUpload", "enable-rule"),
    "undelivered": ("Undelivered", "1 message in it", "receive-message"),
    "mail-unconfirmed": ("Topic", "ada@example.org", "--protocol email"),
    "mail-nobody": ("Topic", "aws sns subscribe"),
}


@pytest.mark.usefixtures("deployed")
def test_a_stack_that_is_well(run_cli: RunCli) -> None:
    answer = run_cli("doctor", "--json")
    assert (answer.code, answer.json) == (0, {"well": True, "findings": [], "not_checked": []})
    told = run_cli("doctor")
    *lines, verdict = told.out.splitlines()
    assert (told.code, verdict) == (0, "The stack is well.")
    assert len(lines) == 14
    assert all(line.startswith("ok  ") for line in lines)


@pytest.mark.parametrize("code", FINDINGS)
def test_one_thing_that_is_wrong_is_found_and_nothing_else(code: str, deployed: Deployed) -> None:
    SPOILS[code](deployed)
    examination = deployed.examine()
    (found,) = examination.findings
    assert (found.code, found.severity) == (code, FINDINGS[code].severity)
    assert examination.is_well is (found.severity == "warning")
    assert [each.at for each in examination.looked if each.not_checked] == []
    text = " ".join(found.to_dict().values())
    assert [each for each in NAMED[code] if each not in text] == []


def test_what_is_found_is_told_in_text_and_in_json(deployed: Deployed, run_cli: RunCli) -> None:
    disable_rule(deployed)
    SPOILS["spot-role-missing"](deployed)
    with deployed.aws.denied("ecr", "DescribeImages"):
        told, answer = run_cli("doctor"), run_cli("doctor", "--json")
    rule = deployed["SubmitFunctionUpload"]
    assert told.out.splitlines() == [
        "ok           stack",
        "ok           bucket notifications",
        "wrong        event rules",
        f"  SubmitFunctionUpload ({rule}): It is DISABLED.",
        f"    `aws events enable-rule --name {rule} --region {REGION}`",
        "ok           functions",
        "ok           undelivered events",
        "ok           mail",
        "ok           job queues",
        "ok           compute environments",
        "ok           prices",
        "not checked  trainer images: AWS says: not authorized: DescribeImages"
        " (AccessDeniedException). If you may see your lab's runs only, name it: export"
        " DLC_BATCH_LAB=LAB. Else ask your admin for the permission.",
        "ok           GPU quota, Spot",
        "ok           GPU quota, On-Demand",
        "ok           instance types",
        "warning      service-linked roles",
        f"  account {deployed.aws.account}: There is no role {SPOT_ROLE} in the account.",
        f"    {FINDINGS['spot-role-missing'].remedy}",
        "The stack is not well.",
    ]
    assert told.err == f"Stack {STACK}, account {deployed.aws.account}, region {REGION}\n"
    assert told.code == answer.code == 1
    assert answer.json["well"] is False
    codes = [(each["code"], each["severity"]) for each in answer.json["findings"]]
    assert codes == [("rule-disabled", "error"), ("spot-role-missing", "warning")]
    assert [each["what"] for each in answer.json["not_checked"]] == ["trainer images"]


def test_a_warning_is_not_wrong(deployed: Deployed, run_cli: RunCli) -> None:
    SPOILS["spot-role-missing"](deployed)
    told = run_cli("doctor")
    assert (told.code, told.out.splitlines()[-1]) == (0, "The stack is well.")
    with deployed.aws.denied("ecr", "DescribeImages"):
        told = run_cli("doctor")
    well = "The stack is well, as far as was checked."
    assert (told.code, told.out.splitlines()[-1]) == (0, well)


def test_the_documentation_has_a_row_for_each_finding() -> None:
    rows = [r for r in TROUBLESHOOT.read_text("utf-8").splitlines() if r.startswith("| `")]
    assert rows == [_row(code, entry) for code, entry in FINDINGS.items()]


def _row(code: str, entry: Entry) -> str:
    remedy = entry.remedy.replace("{{", "{").replace("}}", "}")
    return f"| `{code}` ({entry.severity}) | {entry.title}. {entry.cause} | {remedy} |"


#: AWS CLI's own name for an option that would be taken for a global one.
RENAMED = {("sns", "subscribe"): "--notification-endpoint"}


@pytest.mark.parametrize("code", FINDINGS)
def test_the_commands_of_a_remedy_are_those_of_aws(code: str) -> None:
    session = botocore.session.get_session()
    remedy = FINDINGS[code].remedy.replace("{{", "{").replace("}}", "}")
    for command in re.findall(r"`aws ([^`]+)`", remedy):
        service, name, *arguments = shlex.split(command)
        model = session.get_service_model(service.removesuffix("api"))
        (operation,) = [o for o in model.operation_names if xform_name(o, "-") == name]
        members = model.operation_model(operation).input_shape.members
        known = {f"--{xform_name(member, '-')}" for member in members}
        known |= {"--region", RENAMED.get((service, name), "--region")}
        assert {each for each in arguments if each.startswith("--")} <= known


GONE: dict[str, Spoil] = {
    "Bucket": lambda s: s.aws.client("s3").delete_bucket(Bucket=s["Bucket"]),
    "Topic": lambda s: s.aws.client("sns").delete_topic(TopicArn=s["Topic"]),
    "Undelivered": lambda s: s.aws.client("sqs").delete_queue(QueueUrl=s["Undelivered"]),
    "SubmitFunctionUpload": lambda s: s.aws.client("events").delete_rule(
        Name=s["SubmitFunctionUpload"]
    ),
    "JobQueue": lambda s: s.aws.alter("batch", "describejobqueues", r'"VALID"', '"DELETED"'),
    "OnDemandCompute": lambda s: s.aws.alter(
        "batch", "describecomputeenvironments", s.name("OnDemandCompute"), "another"
    ),
    "TrainerJob": lambda s: s.aws.client("batch").deregister_job_definition(
        jobDefinition=s["TrainerJob"]
    ),
}


@pytest.mark.parametrize("logical_id", GONE)
def test_a_resource_that_is_gone_is_found(logical_id: str, deployed: Deployed) -> None:
    if logical_id == "Bucket":
        deployed.aws.mend("s3", "notification")
    GONE[logical_id](deployed)
    (found,) = deployed.examine().findings
    assert (found.code, found.where.split(" (")[0]) == ("resource-missing", logical_id)


#: Operations by service, and what can't be looked at without them.
NEEDED = {
    ("s3", "notification"): ["bucket notifications"],
    ("events", "DescribeRule"): ["event rules"],
    ("lambda", "SubmitFunction"): ["functions"],
    ("sqs", "GetQueueAttributes"): ["undelivered events"],
    ("sns", "ListSubscriptionsByTopic"): ["mail"],
    ("batch", "describejobqueues"): ["job queues"],
    ("batch", "describecomputeenvironments"): [
        "compute environments",
        "GPU quota, Spot",
        "GPU quota, On-Demand",
        "instance types",
        "service-linked roles",
    ],
    ("batch", "describejobdefinitions"): ["trainer images"],
    ("ecr", "DescribeImages"): ["trainer images"],
    ("servicequotas", SPOT): ["GPU quota, Spot"],
    ("servicequotas", ON_DEMAND): ["GPU quota, On-Demand"],
    ("ec2", r"DescribeInstanceTypes\b"): ["GPU quota, Spot", "GPU quota, On-Demand"],
    ("ec2", "DescribeInstanceTypeOfferings"): ["instance types"],
    ("ec2", "DescribeSubnets"): ["instance types"],
    ("iam", "GetRole"): ["service-linked roles"],
}


@pytest.mark.parametrize("needed", NEEDED, ids=": ".join)
def test_what_may_not_be_looked_at_is_said_and_the_rest_looked_at(
    needed: tuple[str, str], observed: Deployed
) -> None:
    with observed.aws.denied(*needed):
        examination = observed.examine()
    codes = [each.code for each in examination.findings]
    assert codes == ([] if needed[0] == "sqs" else ["undelivered"])
    unseen = [each for each in examination.looked if each.not_checked]
    assert [each.at for each in unseen] == NEEDED[needed]
    assert {each.verdict for each in unseen} == {"not checked"}
    for each in unseen:
        assert "not authorized" in each.not_checked
        assert each.not_checked.endswith("ask your admin for the permission.")


def test_an_answer_that_is_not_awss_is_told(deployed: Deployed) -> None:
    deployed.aws.answer("sns", "ListSubscriptionsByTopic", "<!doctype html><p>Log in", 500)
    examination = deployed.examine()
    (unseen,) = [each for each in examination.looked if each.not_checked]
    assert (examination.findings, unseen.at) == ((), "mail")
    assert "can't be understood" in unseen.not_checked


def test_without_environments_what_hangs_on_them_is_not_checked(deployed: Deployed) -> None:
    none: dict[str, object] = {"computeEnvironments": []}
    deployed.aws.answer("batch", "describecomputeenvironments", none)
    examination = deployed.examine()
    missing = [(each.code, each.where.split(" (")[0]) for each in examination.findings]
    assert missing == [
        ("resource-missing", "SpotCompute"),
        ("resource-missing", "OnDemandCompute"),
    ]
    unseen = [each.at for each in examination.looked if each.not_checked]
    assert unseen == ["GPU quota, Spot", "GPU quota, On-Demand", "instance types"]


def test_what_was_found_before_a_refusal_counts(deployed: Deployed) -> None:
    delete_role(BATCH_ROLE)(deployed)
    with deployed.aws.denied("iam", f"GetRole.*{SPOT_ROLE}"):
        examination = deployed.examine()
    (looked,) = [each for each in examination.looked if each.not_checked]
    assert [each.code for each in looked.findings] == ["batch-role-missing"]
    assert looked.verdict == "wrong"


@pytest.mark.parametrize("vcpus", [0, 8])
def test_a_quota_that_nobody_changed_is_awss_own(vcpus: int, deployed: Deployed) -> None:
    nothing = {"__type": "NoSuchResourceException", "message": "none"}
    deployed.aws.answer("servicequotas", f"GetServiceQuota .*{ON_DEMAND}", nothing, 400)
    quota = {"Quota": {"Value": vcpus}}
    deployed.aws.answer("servicequotas", f"GetAWSDefaultServiceQuota .*{ON_DEMAND}", quota)
    examination = deployed.examine()
    found = [each.code for each in examination.findings]
    assert found == ([] if vcpus else ["quota-too-small"])
    assert [each.at for each in examination.looked if each.not_checked] == []


def test_the_image_is_that_of_the_newest_revision(deployed: Deployed) -> None:
    name = deployed.name("TrainerJob")
    batch = deployed.aws.client("batch")
    (first,) = batch.describe_job_definitions(jobDefinitionName=name)["jobDefinitions"]
    container = first["containerProperties"]

    def register(image: str) -> None:
        changed = {**container, "image": image}
        batch.register_job_definition(
            jobDefinitionName=name, type="container", containerProperties=changed
        )

    repository, digest = container["image"].split(":")[0], f"sha256:{'0' * 64}"
    register(f"{repository}@{digest}")
    (found,) = deployed.examine().findings
    assert (found.code, digest in found.what) == ("image-missing", True)
    register("docker.io/lab/trainer:1")
    examination = deployed.examine()
    (unseen,) = [each for each in examination.looked if each.not_checked]
    assert (examination.findings, unseen.at) == ((), "trainer images")
    assert "docker.io/lab/trainer:1" in unseen.not_checked


@pytest.mark.usefixtures("deployed")
def test_a_stack_that_is_not_there_is_told_with_region_and_account(run_cli: RunCli) -> None:
    answer = run_cli("--stack", "dlc-botch", "--region", "eu-north-1", "doctor", "--json")
    assert (answer.code, answer.out) == (2, "")
    account = r"of account 1\d{11}\."
    assert re.search(f"no stack dlc-botch in region eu-north-1 {account}", answer.err)
    assert "--region" in answer.err


@pytest.mark.usefixtures("deployed")
def test_a_network_that_is_gone_is_told(
    run_cli: RunCli, closed_port: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", closed_port)
    answer = run_cli("doctor")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("Error: Could not connect")


def test_credentials_that_are_not_valid_are_told(deployed: Deployed, run_cli: RunCli) -> None:
    error = "<Error><Code>InvalidClientTokenId</Code><Message>bad token</Message></Error>"
    said = f"<ErrorResponse>{error}</ErrorResponse>"
    deployed.aws.answer("cloudformation", "DescribeStacks", said, 403)
    answer = run_cli("doctor")
    assert (answer.code, answer.out) == (2, "")
    assert "bad token" in answer.err
    assert "log in again" in answer.err


class TestLocalCloud:
    """The same looks at the product's own stack, on the local cloud."""

    @pytest.fixture(autouse=True)
    def home(self, local_cloud: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("DLC_BATCH_HOME", str(local_cloud.home))
        monkeypatch.setenv("DLC_BATCH_CLOUD", "local")

    def test_it_is_well(self, run_cli: RunCli) -> None:
        answer = run_cli("doctor", "--json")
        assert (answer.code, answer.json["well"], answer.json["findings"]) == (0, True, [])
        unseen = {each["what"]: each["why"] for each in answer.json["not_checked"]}
        assert list(unseen) == [
            "trainer images",
            "GPU quota, Spot",
            "GPU quota, On-Demand",
            "instance types",
            "service-linked roles",
        ]
        assert all(why.startswith("It does not apply here") for why in unseen.values())
        assert LOCAL_ACCOUNT in answer.err

    def test_a_queue_that_is_off_is_found_and_the_remedy_mends_it(
        self, cloud_session: Any, run_cli: RunCli
    ) -> None:
        batch = cloud_session.client("batch")
        queues = [each["jobQueueName"] for each in batch.describe_job_queues()["jobQueues"]]
        batch.update_job_queue(jobQueue=queues[0], state="DISABLED")
        try:
            answer = run_cli("doctor", "--json")
            (found,) = answer.json["findings"]
            assert (answer.code, found["code"]) == (1, "queue-disabled")
            assert f"update-job-queue --job-queue {queues[0]} --state ENABLED" in found["remedy"]
        finally:
            batch.update_job_queue(jobQueue=queues[0], state="ENABLED")
        assert run_cli("doctor").code == 0

    def test_notifications_that_are_off_are_found_and_the_remedy_mends_it(
        self, local_cloud: Any, cloud_session: Any, run_cli: RunCli
    ) -> None:
        s3 = cloud_session.client("s3")

        def notify(configuration: dict[str, Any]) -> None:
            s3.put_bucket_notification_configuration(
                Bucket=local_cloud.bucket, NotificationConfiguration=configuration
            )

        notify({})
        try:
            answer = run_cli("doctor", "--json")
            (found,) = answer.json["findings"]
            assert (answer.code, found["code"]) == (1, "notifications-off")
            (told,) = re.findall(r"--notification-configuration '([^']+)'", found["remedy"])
        finally:
            notify({"EventBridgeConfiguration": {}})
        assert json.loads(told) == {"EventBridgeConfiguration": {}}
        assert run_cli("doctor").code == 0
