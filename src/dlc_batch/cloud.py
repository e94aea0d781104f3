"""The cloud that a client talks to: a deployed stack in AWS, or the local cloud."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import boto3
import botocore.exceptions
import botocore.parsers
from botocore.config import Config

from dlc_batch import LAB_VARIABLE
from dlc_batch.local.cloud import running_cloud
from dlc_batch.where import Where
from dlc_batch_core.errors import CloudError, OutageError
from dlc_batch_core.run_table import RunTable

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

DEFAULT_STACK = "dlc-batch"
#: For whoever asks again anyway: a network that is gone is told within seconds (our choice).
_HURRIED = Config(connect_timeout=5, read_timeout=20, retries={"total_max_attempts": 2})


@dataclass(frozen=True)
class Account:
    """Where a stack is, or was: a place to ask for it."""

    session: boto3.Session
    endpoint_url: str | None  # None: AWS itself
    stack: str

    def client(self, service: str) -> Any:
        """Return a client of a service."""
        return self.session.client(service, endpoint_url=self.endpoint_url)  # type: ignore[call-overload]


@dataclass(frozen=True)
class Cloud:
    """A deployed stack, and how to reach it."""

    session: boto3.Session
    endpoint_url: str | None  # None: AWS itself
    bucket: str
    table_name: str
    job_queue: str
    topic_arn: str = ""
    lab: str | None = None  # the only one whose records the user may read
    monthly_dollars: float = 0.0  # that each lab may spend; 0: no cap
    parameters: Mapping[str, str] = field(default_factory=dict)  # of the stack
    config: Config | None = None  # of the clients; None: as AWS's own configuration has it

    @property
    def name(self) -> str:
        """In words, for the user to know where a project goes."""
        if self.endpoint_url or os.environ.get("AWS_ENDPOINT_URL"):
            return "the local cloud"
        return f"AWS, region {self.session.region_name}"

    @property
    def s3(self) -> S3Client:
        return self.session.client("s3", endpoint_url=self.endpoint_url, config=self.config)

    @property
    def dynamodb(self) -> Any:
        return self.client("dynamodb")

    @property
    def sns(self) -> Any:
        return self.client("sns")

    @property
    def table(self) -> RunTable:
        return RunTable(self.dynamodb, self.table_name)

    def client(self, service: str) -> Any:
        """Return a client of an AWS service."""
        make: Any = self.session.client
        return make(service, endpoint_url=self.endpoint_url, config=self.config)

    def in_a_hurry(self) -> Cloud:
        """Return the same for whoever asks again and again: its clients give up soon."""
        return replace(self, config=_HURRIED)


@dataclass(frozen=True)
class DescribedStack:
    """A stack as CloudFormation describes it, whole or not, and how to reach it."""

    session: boto3.Session
    endpoint_url: str | None  # None: AWS itself
    name: str
    description: Mapping[str, Any]

    @property
    def parameters(self) -> dict[str, str]:
        """What the stack was deployed with."""
        given = self.description.get("Parameters", [])
        return {each["ParameterKey"]: each["ParameterValue"] for each in given}

    def client(self, service: str, region: str | None = None) -> Any:
        """Return a client of an AWS service, in the stack's region or another."""
        make: Any = self.session.client
        return make(service, endpoint_url=self.endpoint_url, region_name=region)


def connect(
    where: Where = Where.AUTO,
    stack: str = DEFAULT_STACK,
    region: str | None = None,
    profile: str | None = None,
) -> Cloud:
    """Find a deployed stack as `find_stack` does; its outputs tell the rest.

    Raises:
        CloudError: there is no such stack, or it can't be reached.
    """
    return _of_stack(find_stack(where, stack, region, profile))


def find_stack(
    where: Where = Where.AUTO,
    stack: str = DEFAULT_STACK,
    region: str | None = None,
    profile: str | None = None,
) -> DescribedStack:
    """Find a deployed stack by its name.

    With `auto`, a running local cloud is used unless a profile, a region, a stack's name or
    AWS_ENDPOINT_URL says that another one is meant. Else AWS's own chain of credentials is used.

    Raises:
        CloudError: there is no such stack, or it can't be reached.
    """
    return _describe(find_account(where, stack, region, profile))


def find_account(
    where: Where, stack: str, region: str | None = None, profile: str | None = None
) -> Account:
    """Find where a stack is as `connect` does, be it deployed there or not."""
    told_otherwise = bool(
        profile or region or stack != DEFAULT_STACK or os.environ.get("AWS_ENDPOINT_URL")
    )
    local = None if where is Where.AWS else running_cloud()
    if where is Where.LOCAL and local is None:
        raise CloudError("No local cloud is running.", "Start it: dlc-batch local up")
    if local is None or (where is Where.AUTO and told_otherwise):
        return Account(_aws_session(profile, region), None, stack)
    session = boto3.Session(
        aws_access_key_id=local.access_key_id,
        aws_secret_access_key=local.secret_access_key,
        region_name=local.region,
    )
    return Account(session, local.endpoint_url, local.stack_name or stack)


def _aws_session(profile: str | None, region: str | None) -> boto3.Session:
    with aws_errors_as_ours():
        # boto3 itself reads AWS_DEFAULT_REGION only
        region = region or os.environ.get("AWS_REGION")
        return boto3.Session(profile_name=profile, region_name=region)


def _describe(account: Account) -> DescribedStack:
    with aws_errors_as_ours():
        formation = account.client("cloudformation")
        try:
            described = formation.describe_stacks(StackName=account.stack)["Stacks"][0]
        except botocore.exceptions.ClientError as error:
            if error.response["Error"]["Code"] != "ValidationError":
                raise
            raise _no_such_stack(account) from error
    return DescribedStack(account.session, account.endpoint_url, account.stack, described)


def _no_such_stack(account: Account) -> CloudError:
    place = f"region {account.session.region_name}"
    with contextlib.suppress(botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError):
        caller = account.client("sts").get_caller_identity()
        place += f" of account {caller['Account']}"
    return CloudError(
        f"There is no stack {account.stack} in {place}.",
        "Name the stack with --stack and its region with --region; if the account is not the"
        " lab's, name the lab's profile with --profile.",
    )


def _of_stack(stack: DescribedStack) -> Cloud:
    given = stack.description.get("Outputs", [])
    outputs = {each["OutputKey"]: each["OutputValue"] for each in given}
    try:
        return Cloud(
            stack.session,
            stack.endpoint_url,
            outputs["Bucket"],
            outputs["RunsTable"],
            outputs["JobQueue"],
            outputs.get("TopicArn", ""),
            os.environ.get(LAB_VARIABLE),
            float(stack.parameters.get("MonthlyDollarsPerLab") or 0),
            stack.parameters,
        )
    except KeyError as error:
        raise CloudError(
            f"The stack {stack.name} is not one of dlc-batch's, or not whole: it has no output"
            f" {error}.",
            "Name the right one with --stack, or see what `dlc-batch doctor` says of it.",
        ) from error


@contextlib.contextmanager
def aws_errors_as_ours(cloud: Cloud | None = None) -> Iterator[None]:
    """Turn what AWS's client raises into an error with a remedy.

    Args:
        cloud: the one that is asked: it knows whether the user's lab was named. None: before it
            is found, or beside it, the environment does.
    """
    try:
        yield
    except botocore.exceptions.ClientError as error:
        lab = cloud.lab if cloud else os.environ.get(LAB_VARIABLE)
        raise _from_answer(error, lab) from error
    except botocore.exceptions.NoRegionError as error:
        if running_cloud() is not None:  # another one is meant
            remedy = "Name your stack's region (--region, AWS_REGION)."
            raise CloudError("No AWS region is set.", remedy) from error
        raise CloudError(
            "No local cloud is running, and no AWS region is set.",
            "Start it (dlc-batch local up), or name your stack's region (--region, AWS_REGION).",
        ) from error
    except (
        botocore.exceptions.NoCredentialsError,
        botocore.exceptions.PartialCredentialsError,
        botocore.exceptions.ProfileNotFound,
        botocore.exceptions.TokenRetrievalError,
        botocore.exceptions.UnauthorizedSSOTokenError,
    ) as error:
        remedy = "Log in (`aws configure` or `aws sso login`), or start `dlc-batch local up`."
        raise CloudError(f"{error}.", remedy) from error
    except botocore.parsers.ResponseParserError as error:
        raise OutageError(
            "What answers in AWS's place can't be understood.",
            "Check the network (a proxy, AWS_ENDPOINT_URL), then try again.",
        ) from error
    except botocore.exceptions.BotoCoreError as error:
        kind = OutageError if may_pass(error) else CloudError
        raise kind(f"{error}", "Check the network, then try again.") from error


def may_pass(error: Exception) -> bool:
    """Whether the same request may succeed some minutes later, as nobody does anything."""
    if isinstance(error, botocore.exceptions.ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return status >= _SERVER_ERROR or code_of(error) in _BUSY | _BROKEN
    if isinstance(error, botocore.exceptions.SSLError):
        return False  # a certificate does not heal
    return isinstance(error, _OUTAGES)


def code_of(error: BaseException | None) -> str:
    """Return AWS's word for what it refused, such as NoSuchKey; empty where it is no answer."""
    if not isinstance(error, botocore.exceptions.ClientError):
        return ""
    return str(error.response.get("Error", {}).get("Code", ""))


#: What botocore raises where no answer came, or half of one.
_OUTAGES = (
    botocore.exceptions.ConnectionError,  # it could not connect
    botocore.exceptions.HTTPClientError,  # the connection broke
    botocore.exceptions.IncompleteReadError,
    botocore.exceptions.ResponseStreamingError,
)
#: How AWS's services say that they are asked too often.
_BUSY = {
    "BandwidthLimitExceeded",
    "LimitExceededException",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
}
_BROKEN = {"BadDigest", "IncompleteBody", "RequestTimeout"}  # how S3 says: on the way to it
_SERVER_ERROR = 500  # and above: the service fails

_ASK = "Ask your admin for the permission."
_REMEDIES = {
    "ExpiredToken": "Log in again, such as with `aws sso login`.",
    "ExpiredTokenException": "Log in again, such as with `aws sso login`.",
    "InvalidClientTokenId": "The credentials are not valid: log in again.",
    "SignatureDoesNotMatch": "The credentials are not valid: log in again.",
    "UnrecognizedClientException": "The credentials are not valid: log in again.",
    "AccessDenied": _ASK,
    "AccessDeniedException": _ASK,
    "AuthorizationError": _ASK,  # SNS
    "UnauthorizedOperation": _ASK,  # EC2
}


def _from_answer(error: botocore.exceptions.ClientError, lab: str | None) -> CloudError:
    code = code_of(error)
    message = error.response.get("Error", {}).get("Message", str(error))
    remedy = _REMEDIES.get(code, "Try again later.")
    if remedy == _ASK and not lab:
        name = f"If you may see your lab's runs only, name it: export {LAB_VARIABLE}=LAB."
        remedy = f"{name} Else ask your admin for the permission."
    kind = OutageError if may_pass(error) else CloudError
    return kind(f"AWS says: {message} ({code}).", remedy)
