"""Everything of MiniStack's inside that the local cloud replaces, in this one place.

MiniStack has no interface for it, so its version is pinned exactly and tests/local has a test
for each line of `install`.

| hooked                                       | why                                          |
| -------------------------------------------- | -------------------------------------------- |
| batch._DISPATCH                              | its jobs succeed at once; ours run           |
| provisioners._RESOURCE_HANDLERS              | it lacks AWS::Batch; its topics are open     |
| sns._fanout, sns.publish_internal            | it logs e-mails; takes any subject           |
| iam_actions.extract_resource_arn,            | it checks Batch on resource `*` only, and    |
|   iam_evaluator.enforce                      |   one resource a request                     |
| iam_evaluator.resolve_principal,             | it leaves variables in policies, and lacks   |
|   iam_actions.dynamodb_service_context,      |   dynamodb:LeadingKeys and the tags of       |
|   tagging._RESOURCE_TAG_COLLECTORS           |   Batch jobs and the streams of logs         |
| iam_evaluator.is_root_access_key,            | the keys `test` and the account number are   |
|   iam_evaluator._is_root_key                 |   root, and root's signature goes unchecked  |
| lambda_svc._acquire/_release_execution_slot  | it throttles and then drops events           |
| eventbridge._dispatch_to_lambda              | it does not retry                            |
| lambda_svc._execute_function_dispatch        | each try has a request id of its own, and is |
|                                              |   of the function as it was at the first     |
| s3._fire_s3_event,                           | its S3 events do not name the version        |
|   eventbridge._dispatch_event                |                                              |
| app.pin_request_origin                       | policies that ask for TLS would deny all     |
| s3._get_object, s3._read_body                | it reads all of an object for a part of it,  |
|                                              |   and gives all where a version is named     |
| s3._persist_object                           | it keeps all versions' bodies in memory      |
| lambda_runtime._detect_runtime_binary        | functions would see the emulator's packages  |
"""

import os
from pathlib import Path

from ministack import app  # type: ignore[import-untyped]
from ministack.core import iam_actions, iam_evaluator, lambda_runtime  # type: ignore[import-untyped]
from ministack.services import batch, eventbridge, lambda_svc, s3, sns, tagging  # type: ignore[import-untyped]
from ministack.services.cloudformation import (  # type: ignore[import-untyped]
    custom_resource,
    provisioners,
)

from dlc_batch.local import stack_resources
from dlc_batch.local.batch_api import BatchApi
from dlc_batch.local.batch_runner import BatchRunner
from dlc_batch.local.functions import (
    CONCURRENT_FUNCTIONS,
    FunctionSlots,
    deliver_with_retry,
    execute_as_lambda,
)
from dlc_batch.local.iam import enforce_all, resource_with_batch
from dlc_batch.local.iam_variables import (
    context_with_leading_keys,
    job_tags,
    principal_with_variables,
    resource_with_stream,
)
from dlc_batch.local.s3_ranges import get_ranges, map_body
from dlc_batch.local.s3_versions import (
    dispatch_with_version,
    fire_knowing_version,
    persist_and_forget,
)
from dlc_batch.local.sns_mail import MailSender, fanout_with_mail, publish_with_checked_subject


def end_functions() -> None:
    """End the functions' processes and clear their directories."""
    lambda_runtime.reset()


def end_waiting() -> None:
    """Let go of the threads in which stacks wait for a custom resource's answer, for an hour at
    most: the process would end only after them."""
    for waiting in list(custom_resource._pending.values()):
        waiting["event"].set()


def install(runner: BatchRunner, mail: MailSender, function_python: Path) -> FunctionSlots:
    """Hook all of it into the MiniStack of this process."""
    api = BatchApi(runner)
    batch._DISPATCH.update(api.operations())
    provisioners._RESOURCE_HANDLERS.update(stack_resources.handlers(api))
    sns._fanout = fanout_with_mail(sns._fanout, mail)
    sns.publish_internal = publish_with_checked_subject(sns.publish_internal)
    iam_actions.extract_resource_arn = resource_with_batch(iam_actions.extract_resource_arn)
    iam_evaluator.enforce = enforce_all(iam_evaluator.enforce)
    _know_variables()
    eventbridge._dispatch_to_lambda = deliver_with_retry
    lambda_svc._execute_function_dispatch = execute_as_lambda(
        lambda_svc._execute_function_dispatch
    )
    s3._fire_s3_event = fire_knowing_version(s3._fire_s3_event)
    s3._get_object = get_ranges(s3._get_object)
    s3._read_body = map_body(s3._read_body)
    s3._persist_object = persist_and_forget(s3._persist_object)
    eventbridge._dispatch_event = dispatch_with_version(eventbridge._dispatch_event)
    _let_in_only(os.environ["AWS_ACCESS_KEY_ID"])
    _count_as_tls()
    _use_python(function_python)
    return _bound_functions()


def _bound_functions() -> FunctionSlots:
    lambda_svc._ACCOUNT_CONCURRENCY_CAP = CONCURRENT_FUNCTIONS
    slots = FunctionSlots(lambda_svc._acquire_execution_slot, lambda_svc._release_execution_slot)
    lambda_svc._acquire_execution_slot = slots.acquire
    lambda_svc._release_execution_slot = slots.release
    return slots


def _know_variables() -> None:
    iam_evaluator.resolve_principal = principal_with_variables(iam_evaluator.resolve_principal)
    iam_actions.dynamodb_service_context = context_with_leading_keys(
        iam_actions.dynamodb_service_context
    )
    iam_actions.extract_resource_arn = resource_with_stream(iam_actions.extract_resource_arn)
    tagging._RESOURCE_TAG_COLLECTORS["batch"] = job_tags


def _let_in_only(admin_key: str) -> None:
    """Root is who signs with the admin's key and secret: any page in a browser on this computer,
    and any of its users, could send a request with a key that is known to all."""
    iam_evaluator.is_root_access_key = lambda key: not key or key == admin_key
    iam_evaluator._is_root_key = lambda key: not key


def _count_as_tls() -> None:
    """A bucket policy that denies what comes without TLS is right in the cloud. Here nothing
    leaves this computer, and requests count as if they came with it."""
    original = app.pin_request_origin
    app.pin_request_origin = lambda address, _secure: original(address, True)


def _use_python(python: Path) -> None:
    original = lambda_runtime._detect_runtime_binary

    def detect(runtime: str) -> tuple[str, str]:
        binary, script = original(runtime)
        return (str(python) if runtime.startswith("python") else binary), script

    lambda_runtime._detect_runtime_binary = detect
