"""What the account and its region must have: GPU quotas, instance types, service-linked roles."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator
from typing import Any

from dlc_batch.doctor.compute import describe_environments
from dlc_batch.doctor.deployment import Deployment, NotCheckedError
from dlc_batch.doctor.findings import finding
from dlc_batch_core.problems import Problem

#: Of Service Quotas, service `ec2`, in vCPUs; by the type of a compute environment.
_QUOTAS = {
    "EC2": ("L-DB2E81BA", "Running On-Demand G and VT instances"),
    "SPOT": ("L-3819A6DF", "All G and VT Spot Instance Requests"),
}
_G_OR_VT = re.compile(r"(g|vt)\d")
#: Batch's own; and what EC2 needs for Spot instances. AWSServiceRoleForEC2SpotFleet is for the
#: allocation strategy BEST_FIT only (CreateComputeEnvironment, `spotIamFleetRole`), and those of
#: ECS and Auto Scaling Batch makes by itself (managed policy BatchServiceRolePolicy, v8).
_BATCH_ROLE = "AWSServiceRoleForBatch"
_SPOT_ROLE = "AWSServiceRoleForEC2Spot"


def look_at_on_demand_quota(deployment: Deployment) -> Iterator[Problem]:
    """Find a quota of On-Demand instances that is too small for one."""
    yield from _look_at_quota(deployment, "EC2")


def look_at_spot_quota(deployment: Deployment) -> Iterator[Problem]:
    """Find a quota of Spot instances that is too small for one."""
    yield from _look_at_quota(deployment, "SPOT")


def _look_at_quota(deployment: Deployment, kind: str) -> Iterator[Problem]:
    code, name = _QUOTAS[kind]
    types = [each for each in _instance_types(deployment, kind) if _G_OR_VT.match(each)]
    if not types:
        raise NotCheckedError("The stack has no such environment with instances of kind G or VT.")
    needed = _fewest_vcpus(deployment, types)
    quota = _quota(deployment, code)
    if quota < needed:
        what = f"It is {quota:g} vCPUs in {deployment.region}; the smallest instance has {needed}."
        names = {"quota": code, "vcpus": str(needed)}
        yield finding("quota-too-small", deployment, f"quota {code} ({name})", what, **names)


def _instance_types(deployment: Deployment, *kinds: str) -> list[str]:
    found = (each for each in _compute_resources(deployment) if each["type"] in kinds)
    return sorted({str(t) for each in found for t in each["instanceTypes"]})


def _compute_resources(deployment: Deployment) -> list[dict[str, Any]]:
    environments = describe_environments(deployment)
    return [each["computeResources"] for each in environments if "computeResources" in each]


def _fewest_vcpus(deployment: Deployment, types: list[str]) -> int:
    pages = deployment.client("ec2").get_paginator("describe_instance_types")
    only = [{"Name": "instance-type", "Values": [_pattern(each) for each in types]}]
    vcpus = [
        int(each["VCpuInfo"]["DefaultVCpus"])
        for page in pages.paginate(Filters=only)
        for each in page["InstanceTypes"]
    ]
    if not vcpus:
        raise NotCheckedError("How many vCPUs an instance has is not known: none is offered here.")
    return min(vcpus)


def _pattern(instance_type: str) -> str:
    """Return the types that are meant: Batch takes a whole family too, such as `g5`."""
    return instance_type if "." in instance_type else f"{instance_type}.*"


def _quota(deployment: Deployment, code: str) -> float:
    quotas = deployment.client("service-quotas")
    try:
        answer = quotas.get_service_quota(ServiceCode="ec2", QuotaCode=code)
    except quotas.exceptions.NoSuchResourceException:  # never changed: AWS's default holds
        answer = quotas.get_aws_default_service_quota(ServiceCode="ec2", QuotaCode=code)
    return float(answer["Quota"]["Value"])


def look_at_instance_types(deployment: Deployment) -> Iterator[Problem]:
    """Find instance types that the zones of the stack's subnets do not have."""
    types = _instance_types(deployment, *_QUOTAS)
    if not types:
        raise NotCheckedError("The stack has no compute environment with instances.")
    zones = _zones(deployment)
    offered = _offered(deployment, types, zones)
    missing = [each for each in types if not fnmatch.filter(offered, _pattern(each))]
    if missing:
        is_all = len(missing) == len(types)
        code = "instances-not-offered" if is_all else "instances-partly-offered"
        what = f"Not offered in {', '.join(zones)}: {', '.join(missing)}."
        yield finding(code, deployment, f"region {deployment.region}", what)


def _zones(deployment: Deployment) -> list[str]:
    subnets = sorted({s for each in _compute_resources(deployment) for s in each["subnets"]})
    answer = deployment.client("ec2").describe_subnets(SubnetIds=subnets)
    return sorted({str(each["AvailabilityZone"]) for each in answer["Subnets"]})


def _offered(deployment: Deployment, types: list[str], zones: list[str]) -> set[str]:
    pages = deployment.client("ec2").get_paginator("describe_instance_type_offerings")
    only: list[dict[str, Any]] = [
        {"Name": "instance-type", "Values": [_pattern(each) for each in types]},
        {"Name": "location", "Values": zones},
    ]
    return {
        str(each["InstanceType"])
        for page in pages.paginate(LocationType="availability-zone", Filters=only)
        for each in page["InstanceTypeOfferings"]
    }


def look_at_service_roles(deployment: Deployment) -> Iterator[Problem]:
    """Find service-linked roles that Batch and EC2 Spot need and the account lacks."""
    kinds = {each["type"] for each in _compute_resources(deployment)}
    yield from _look_at_role(deployment, _BATCH_ROLE, "batch-role-missing")
    if "SPOT" in kinds:
        yield from _look_at_role(deployment, _SPOT_ROLE, "spot-role-missing")


def _look_at_role(deployment: Deployment, role: str, code: str) -> Iterator[Problem]:
    iam = deployment.client("iam")
    try:
        iam.get_role(RoleName=role)
    except iam.exceptions.NoSuchEntityException:
        what = f"There is no role {role} in the account."
        yield finding(code, deployment, f"account {deployment.account}", what)
