"""Least privilege: no wildcard actions on wildcard resources, no administrators, nobody from everywhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from pydantic import JsonValue

from infra.graph import Resource
from policy.rules.exposure import EVERYBODY, illegible, statements
from policy.rules.model import Rule, Scope, Violation
from policy.rules.values import at, present, texts

POLICIES: Final = {
    "aws:iam/policy:Policy": "policy",
    "aws:iam/rolePolicy:RolePolicy": "policy",
    "aws:iam/userPolicy:UserPolicy": "policy",
    "aws:iam/groupPolicy:GroupPolicy": "policy",
    "aws:ec2/vpcEndpoint:VpcEndpoint": "policy",
}
"""Documents where a wildcard means the account. The policy of a key is about that key alone."""
TRUST: Final = "aws:iam/role:Role"
ATTACHED: Final = (
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    "aws:iam/userPolicyAttachment:UserPolicyAttachment",
)
TOO_MUCH: Final = ("AdministratorAccess", "PowerUserAccess", "IAMFullAccess", "FullAccess")
"""Ends of the names of managed policies that give away the account or a whole service."""
BASIC_ROLES: Final = frozenset({"roles/owner", "roles/editor", "roles/viewer"})
"""https://cloud.google.com/iam/docs/roles-overview#basic: thousands of permissions each."""
_LESS = "List the actions and name the resources."


def _privilege(scope: Scope) -> Iterator[Violation]:
    for resource in scope.subjects(*POLICIES):
        document = resource.inputs.get(POLICIES[resource.type])
        if illegible(document):
            yield Violation(resource.urn, f"{resource.name}: its policy is no JSON", "Write one object.")
        for statement in statements(document):
            problem = too_wide(statement)
            if problem:
                yield Violation(resource.urn, f"{resource.name}: {problem}", _LESS)
    for role in scope.subjects(TRUST):
        for statement in statements(role.inputs.get("assumeRolePolicy")):
            who = statement.get("Principal")
            names = [*texts(who), *(text for value in at(who, "AWS") for text in texts(value))]
            if statement.get("Effect") == "Allow" and "*" in names and not statement.get("Condition"):
                yield Violation(
                    role.urn, f"{role.name}: everybody may take the role", "Name who may take it."
                )
    for attached in scope.subjects(*ATTACHED):
        arn = str(attached.inputs.get("policyArn"))
        if arn.startswith("arn:") and arn.endswith(TOO_MUCH):
            yield Violation(attached.urn, f"{attached.name}: {arn.rsplit('/', 1)[-1]} is far too much", _LESS)
    for resource in scope.subjects():
        yield from _google(resource)


def too_wide(entry: Mapping[str, JsonValue]) -> str:
    """What is wrong with a statement that allows something; "" when nothing is."""
    if entry.get("Effect") != "Allow":
        return ""
    if present(entry.get("NotAction")) or present(entry.get("NotResource")):
        return "allows everything but a list"
    actions, resources = texts(entry.get("Action")), texts(entry.get("Resource"))
    wide = [action for action in actions if action == "*" or action.endswith(":*")]
    if "*" in actions:
        return "allows every action"
    if wide and "*" in resources:
        return f"allows {wide[0]} on every resource"
    return ""


def _google(resource: Resource) -> Iterator[Violation]:
    if not resource.type.startswith("gcp:") or not resource.type.lower().endswith(
        ("iammember", "iambinding")
    ):
        return
    role = str(resource.inputs.get("role"))
    members = [*at(resource.inputs, "member"), *at(resource.inputs, "members[]")]
    project = resource.type.startswith("gcp:projects/")
    if role in BASIC_ROLES or (project and role.rsplit(".", 1)[-1].lower().endswith("admin")):
        yield Violation(
            resource.urn, f"{resource.name}: {role} is far too much", "Use a role of one service."
        )
    if any(member in EVERYBODY for member in members):
        yield Violation(resource.urn, f"{resource.name}: everybody has {role}", "Name a service account.")


RULES: Final = (
    Rule(
        "least-privilege",
        "No wildcard action on wildcard resources, no basic or administrator role, nobody from everywhere.",
        "critical",
        _privilege,
    ),
)
