"""Functions of providers: what every account would answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from tests.engine.simulator.outputs import ACCOUNT, PROJECT_NUMBER

Function = Callable[[Mapping[str, Any], Mapping[str, Any]], Mapping[str, Any]]
"""From arguments and the provider's configuration to the result."""


def _identity(_arguments: Mapping[str, Any], _provider: Mapping[str, Any]) -> Mapping[str, Any]:
    arn = f"arn:aws:iam::{ACCOUNT}:user/deployer"
    return {"accountId": ACCOUNT, "arn": arn, "id": ACCOUNT, "userId": "AIDASIMULATED"}


def _partition(_arguments: Mapping[str, Any], _provider: Mapping[str, Any]) -> Mapping[str, Any]:
    suffix = "amazonaws.com"
    return {"id": "aws", "partition": "aws", "dnsSuffix": suffix, "reverseDnsPrefix": "com.amazonaws"}


def _project(arguments: Mapping[str, Any], provider: Mapping[str, Any]) -> Mapping[str, Any]:
    project = arguments.get("projectId") or provider.get("project")
    return {"id": f"projects/{project}", "projectId": project, "number": PROJECT_NUMBER, "name": project}


def _storage_agent(arguments: Mapping[str, Any], provider: Mapping[str, Any]) -> Mapping[str, Any]:
    email = f"service-{PROJECT_NUMBER}@gs-project-accounts.iam.gserviceaccount.com"
    project = arguments.get("project") or provider.get("project")
    return {"id": email, "project": project, "emailAddress": email, "member": f"serviceAccount:{email}"}


FUNCTIONS: Final[Mapping[str, Function]] = {
    "aws:index/getCallerIdentity:getCallerIdentity": _identity,
    "aws:index/getPartition:getPartition": _partition,
    "gcp:organizations/getProject:getProject": _project,
    "gcp:storage/getProjectServiceAccount:getProjectServiceAccount": _storage_agent,
}
"""By token. A function that is not here is refused, by name."""
