"""Every finding of the doctor, with its cause and its remedy.

docs/troubleshoot.md has a row for each. In a remedy stand names in braces, which are filled in
for the stack at hand.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from dlc_batch.doctor.deployment import Deployment
from dlc_batch_core.catalogue import Entry
from dlc_batch_core.problems import Problem, Severity

_E, _W = Severity.ERROR, Severity.WARNING


def finding(code: str, deployment: Deployment, where: str, what: str, **names: str) -> Problem:
    """Return a finding: its severity and its remedy are those of the code."""
    entry = FINDINGS[code]
    known = {"stack": deployment.stack.name, "region": deployment.region, **names}
    remedy = entry.remedy.format(**{key: shlex.quote(value) for key, value in known.items()})
    return Problem(code, where, what, remedy, entry.severity)


_STACK = {
    "stack-failed": Entry(
        _E,
        "The stack's deployment failed",
        "CloudFormation stopped halfway; its events name the resource and the reason.",
        "See why: `aws cloudformation describe-stack-events --stack-name {stack} --region"
        " {region}`. Mend it and deploy again; a stack that says ROLLBACK_COMPLETE has to be"
        " deleted first: `sam delete --stack-name {stack} --region {region}`.",
    ),
    "stack-rolled-back": Entry(
        _W,
        "The last change of the stack failed and was taken back",
        "The stack works as it did before it.",
        "See why: `aws cloudformation describe-stack-events --stack-name {stack} --region"
        " {region}`. Mend it and deploy again.",
    ),
    "stack-not-deployed": Entry(
        _E,
        "The stack was never deployed",
        "SAM made a list of changes and was not told to deploy it: Enter means no there.",
        "Run `sam deploy` again, and answer `y` to its last question.",
    ),
    "stack-in-progress": Entry(
        _W,
        "The stack is being changed",
        "CloudFormation is at work on it, so that what else is found may pass.",
        "Wait until it is done, then ask again.",
    ),
    "resource-missing": Entry(
        _E,
        "A resource of the stack is gone",
        "It was deleted by hand; CloudFormation does not notice and does not make it again.",
        "Execute a drift-aware change set on the stack {stack} (`aws cloudformation"
        " create-change-set` with `--deployment-mode REVERT_DRIFT`), or remove the stack and"
        " deploy it anew: bucket and table of runs are kept, but the new stack has its own.",
    ),
}

_COMPUTE = {
    "queue-disabled": Entry(
        _E,
        "A job queue is switched off",
        "It takes no jobs: uploads are recorded, but their jobs can't be submitted.",
        "`aws batch update-job-queue --job-queue {name} --state ENABLED --region {region}`",
    ),
    "queue-invalid": Entry(
        _E,
        "A job queue is not valid",
        "The reason that Batch gives; mostly it is that of its compute environments.",
        "Mend what the reason names, the compute environments first; then `aws batch"
        " update-job-queue --job-queue {name} --state ENABLED --region {region}` has Batch look"
        " again.",
    ),
    "environment-disabled": Entry(
        _E,
        "A compute environment is switched off",
        "It starts no instances: jobs that need it wait.",
        "`aws batch update-compute-environment --compute-environment {name} --state ENABLED"
        " --region {region}`",
    ),
    "environment-invalid": Entry(
        _E,
        "A compute environment is not valid",
        "The reason that Batch gives: often a role, a subnet or a launch template that is gone.",
        "Mend what the reason names; then `aws batch update-compute-environment"
        " --compute-environment {name} --state ENABLED --region {region}` has Batch look again.",
    ),
    "image-missing": Entry(
        _E,
        "The trainer's image is not in its repository",
        "It was not built and pushed yet, or was deleted. Trainings end before they begin.",
        "Deploy again, which has it built where its sources changed; docs/image.md says what else"
        " may be wrong with {image}, and how to build it yourself.",
    ),
    "tensorflow-image-missing": Entry(
        _W,
        "The trainer's image for TensorFlow is not in its repository",
        "It was not built and pushed. Trainings with `engine: tensorflow` end before they begin;"
        " others need it not.",
        "If the lab trains with TensorFlow, deploy with `BuildTensorFlowImage` set to true;"
        " docs/image.md says what else may be wrong with {image}.",
    ),
}

_ACCOUNT = {
    "quota-too-small": Entry(
        _E,
        "The GPU quota is smaller than one instance",
        "New accounts have a quota of 0. Instances can't start, and trainings wait.",
        "`aws service-quotas request-service-quota-increase --service-code ec2 --quota-code"
        " {quota} --desired-value {vcpus} --region {region}`; AWS takes a day or so to answer.",
    ),
    "instances-not-offered": Entry(
        _E,
        "None of the stack's instance types is offered here",
        "AWS does not have every GPU in every region and zone. Trainings get no computer, and fail"
        " after a day.",
        "Deploy with other InstanceTypes (`aws ec2 describe-instance-type-offerings"
        " --location-type availability-zone --filters Name=instance-type,Values='g*' --region"
        " {region}` lists those on offer), or in another region.",
    ),
    "instances-partly-offered": Entry(
        _W,
        "Some of the stack's instance types are not offered here",
        "AWS does not have every GPU in every region and zone. The others are used.",
        "Nothing has to be done; fewer types mean longer waits for Spot instances.",
    ),
    "batch-role-missing": Entry(
        _E,
        "Batch's service-linked role is missing",
        "It was deleted, or the deploying user was not allowed to have it made.",
        "`aws iam create-service-linked-role --aws-service-name batch.amazonaws.com`",
    ),
    "spot-role-missing": Entry(
        _W,
        "EC2 Spot's service-linked role is missing",
        "The account never had a Spot instance. Batch has it made with the first one, unless the"
        " account's rules forbid it.",
        "To be sure: `aws iam create-service-linked-role --aws-service-name spot.amazonaws.com`",
    ),
}

_MONEY = {
    "budget-without-price": Entry(
        _E,
        "Labs have a monthly budget, and the price of a computer is not known",
        "What a training may cost can't be told, so every upload is refused.",
        "Deploy with the parameter `Prices`, such as `Prices=g6e.xlarge=1.86`, or take the"
        " instance type out of `InstanceTypes`.",
    ),
    "cap-without-price": Entry(
        _W,
        "The cap per run does not hold, for the price of a computer is not known",
        "What a training may cost can't be told. The mail that accepts a run says so too.",
        "Deploy with the parameter `Prices`, such as `Prices=g6e.xlarge=1.86`, or take the"
        " instance type out of `InstanceTypes`.",
    ),
}

_EVENTS = {
    "notifications-off": Entry(
        _E,
        "The bucket does not tell of uploads",
        "Its notifications to EventBridge were switched off. Uploads lie there unseen.",
        "`aws s3api put-bucket-notification-configuration --bucket {bucket}"
        " --notification-configuration '{{\"EventBridgeConfiguration\": {{}}}}' --region {region}`"
        " (it replaces any other notification that the bucket has). Then upload again what was"
        " sent meanwhile: what lies in `uploads/` and not in `dlc-batch list`.",
    ),
    "rule-disabled": Entry(
        _E,
        "An event rule is switched off",
        "Its function hears nothing: uploads lie unseen, or ends of trainings go untold.",
        "`aws events enable-rule --name {name} --region {region}`",
    ),
    "undelivered": Entry(
        _E,
        "Events wait that could not be dealt with",
        "A function failed three times for each of them; its log says why.",
        "Mend the cause; then `dlc-batch redrive` tells the functions again and empties the queue"
        " (docs/operate.md). To read them only: `aws sqs receive-message --queue-url {queue}"
        " --max-number-of-messages 10 --region {region}`.",
    ),
}

_MAIL = {
    "mail-unconfirmed": Entry(
        _E,
        "A mail address is not confirmed",
        "AWS sent it a mail with a link that nobody followed, so it gets no mails of ours.",
        "Follow the link in the mail from AWS Notifications (look into the spam too). To have it"
        " sent again: `aws sns subscribe --topic-arn {topic} --protocol {protocol}"
        " --notification-endpoint {address} --region {region}`",
    ),
    "mail-nobody": Entry(
        _E,
        "Nobody gets the mails",
        "The topic has no subscription: somebody unsubscribed, or never confirmed.",
        "`aws sns subscribe --topic-arn {topic} --protocol email --notification-endpoint ADDRESS"
        " --region {region}`, and follow the link in the mail that comes.",
    ),
}

FINDINGS: Mapping[str, Entry] = {**_STACK, **_COMPUTE, **_ACCOUNT, **_MONEY, **_EVENTS, **_MAIL}
