"""Answers to functions of providers (``aws.get_region`` ...), which offline nobody calls.

The program should need none: an answer from outside makes a preview depend on the day and the account. The
few below are placeholders for what every account has; anything else is an error that names the function.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from pydantic import JsonValue

from infra.offline.remote import PLACEHOLDER_ACCOUNT
from infra.offline.wire import UNKNOWN_WIRE, Wire

Answer = Mapping[str, JsonValue] | Callable[[Wire, Wire], Mapping[str, JsonValue]]
"""A result, or a function of the call's arguments and of its provider's inputs."""

DEFAULT_REGION: Final = "us-east-1"


def _region(arguments: Wire, provider: Wire) -> Wire:
    given = arguments.get("region") or provider.get("region")
    region = given if isinstance(given, str) and given != UNKNOWN_WIRE else DEFAULT_REGION
    return {"id": region, "name": region, "region": region, "description": region, "endpoint": ""}


def _partition(arguments: Wire, provider: Wire) -> Wire:
    region = str(_region(arguments, provider)["region"])
    partition, suffix = "aws", "amazonaws.com"
    if region.startswith("cn-"):
        partition, suffix = "aws-cn", "amazonaws.com.cn"
    elif region.startswith("us-gov-"):
        partition = "aws-us-gov"
    reverse = ".".join(reversed(suffix.split(".")))
    return {"id": partition, "partition": partition, "dnsSuffix": suffix, "reverseDnsPrefix": reverse}


def _project(arguments: Wire, provider: Wire) -> Wire:
    project = arguments.get("projectId") or provider.get("project")
    return {"id": f"projects/{project}", "projectId": project, "number": PLACEHOLDER_ACCOUNT}


def _storage_agent(arguments: Wire, provider: Wire) -> Wire:
    email = f"service-{PLACEHOLDER_ACCOUNT}@gs-project-accounts.iam.gserviceaccount.com"
    project = arguments.get("project") or provider.get("project")
    return {"id": email, "project": project, "emailAddress": email, "member": f"serviceAccount:{email}"}


ROOT_ZONE: Final = "."
"""Name of every zone offline: nobody knows the zone's own, and every domain lies in the root."""

ANSWERS: Final[Mapping[str, Answer]] = {
    "aws:index/getCallerIdentity:getCallerIdentity": {
        "accountId": PLACEHOLDER_ACCOUNT,
        "arn": f"arn:aws:iam::{PLACEHOLDER_ACCOUNT}:root",
        "id": PLACEHOLDER_ACCOUNT,
        "userId": PLACEHOLDER_ACCOUNT,
    },
    "aws:index/getPartition:getPartition": _partition,
    "aws:index/getRegion:getRegion": _region,
    "aws:lb/getHostedZoneId:getHostedZoneId": {"id": f"Z{PLACEHOLDER_ACCOUNT}"},
    "aws:route53/getZone:getZone": {"name": ROOT_ZONE, "privateZone": False},
    "gcp:dns/getManagedZone:getManagedZone": {"dnsName": ROOT_ZONE, "visibility": "public"},
    "gcp:organizations/getProject:getProject": _project,
    "gcp:storage/getProjectServiceAccount:getProjectServiceAccount": _storage_agent,
}
"""By function token. The account, and the project's number, is a placeholder of twelve zeros."""
