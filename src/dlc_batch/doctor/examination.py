"""The examination: one look after the other, and what each of them found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from dlc_batch.cloud import aws_errors_as_ours
from dlc_batch.doctor.account import (
    look_at_instance_types,
    look_at_on_demand_quota,
    look_at_service_roles,
    look_at_spot_quota,
)
from dlc_batch.doctor.compute import look_at_environments, look_at_images, look_at_queues
from dlc_batch.doctor.deployment import Deployment, NotCheckedError
from dlc_batch.doctor.events import (
    look_at_bucket,
    look_at_functions,
    look_at_rules,
    look_at_undelivered,
)
from dlc_batch.doctor.mail import look_at_mail
from dlc_batch.doctor.money import look_at_prices
from dlc_batch.doctor.stack import look_at_stack
from dlc_batch_core.errors import CloudError
from dlc_batch_core.problems import Problem, Severity

NO_MEANING = "It does not apply here: the local cloud has none."


@dataclass(frozen=True)
class _Look:
    """Something to look at."""

    at: str
    find: Callable[[Deployment], Iterator[Problem]]
    is_of_aws: bool = False  # a local cloud has no such thing


_LOOKS = (
    _Look("stack", look_at_stack),
    _Look("bucket notifications", look_at_bucket),
    _Look("event rules", look_at_rules),
    _Look("functions", look_at_functions),
    _Look("undelivered events", look_at_undelivered),
    _Look("mail", look_at_mail),
    _Look("job queues", look_at_queues),
    _Look("compute environments", look_at_environments),
    _Look("prices", look_at_prices),
    _Look("trainer images", look_at_images, is_of_aws=True),
    _Look("GPU quota, Spot", look_at_spot_quota, is_of_aws=True),
    _Look("GPU quota, On-Demand", look_at_on_demand_quota, is_of_aws=True),
    _Look("instance types", look_at_instance_types, is_of_aws=True),
    _Look("service-linked roles", look_at_service_roles, is_of_aws=True),
)


@dataclass(frozen=True)
class Looked:
    """What a look found, and why it could not see all, where that is so."""

    at: str
    findings: tuple[Problem, ...]
    not_checked: str = ""

    @property
    def verdict(self) -> str:
        """In a word."""
        if any(each.severity is Severity.ERROR for each in self.findings):
            return "wrong"
        if self.findings:
            return "warning"
        return "not checked" if self.not_checked else "ok"


@dataclass(frozen=True)
class Examination:
    """All that the doctor looked at."""

    looked: tuple[Looked, ...]

    @property
    def findings(self) -> tuple[Problem, ...]:
        return tuple(each for looked in self.looked for each in looked.findings)

    @property
    def is_well(self) -> bool:
        """Whether nothing is wrong, as far as could be seen."""
        return all(each.severity is not Severity.ERROR for each in self.findings)

    def to_dict(self) -> dict[str, object]:
        """Return the answer of `doctor --json`."""
        unseen = [each for each in self.looked if each.not_checked]
        return {
            "well": self.is_well,
            "findings": [each.to_dict() for each in self.findings],
            "not_checked": [{"what": each.at, "why": each.not_checked} for each in unseen],
        }


def examine(deployment: Deployment) -> Examination:
    """Look at all there is; what can't be looked at is told, and stops nothing else."""
    return Examination(tuple(_look(each, deployment) for each in _LOOKS))


def _look(look: _Look, deployment: Deployment) -> Looked:
    if look.is_of_aws and deployment.is_local:
        return Looked(look.at, (), NO_MEANING)
    found: list[Problem] = []
    why = ""
    try:
        with aws_errors_as_ours():
            for each in look.find(deployment):  # one by one: what came before an error counts
                found.append(each)
    except (NotCheckedError, CloudError) as error:
        why = str(error)
    return Looked(look.at, tuple(found), why)
