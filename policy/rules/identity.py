"""Least privilege: no wildcard actions on wildcard resources, no administrators, nobody from everywhere."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from pydantic import JsonValue

from infra.graph import Resource
from policy.rules.exposure import EVERYBODY, for_everybody, illegible, statements
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
ATTACHED: Final = {
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": "policyArn",
    "aws:iam/userPolicyAttachment:UserPolicyAttachment": "policyArn",
    "aws:iam/role:Role": "managedPolicyArns[]",
}
OWN_POLICY: Final = (
    "aws:kms/key:Key",
    "aws:kms/keyPolicy:KeyPolicy",
    "aws:secretsmanager/secretPolicy:SecretPolicy",
)
"""What has a policy about itself: who may use it."""
READING: Final = re.compile(r"[\w-]+:(Describe|Get|List|BatchGet|Lookup)\w*\*?")
EVERY_RESOURCE: Final = re.compile(r"\*|arn:[^:]*:[^:]*:[^:]*:[^:]*:[*/]+")
"""All there is, or all there is of a service."""
TOO_MUCH: Final = ("AdministratorAccess", "PowerUserAccess", "IAMFullAccess", "FullAccess")
"""Ends of the names of managed policies that give away the account or a whole service."""
BASIC_ROLES: Final = frozenset({"roles/owner", "roles/editor", "roles/viewer"})
"""https://cloud.google.com/iam/docs/roles-overview#basic: thousands of permissions each."""
_LESS = "List the actions and name the resources."


def _privilege(scope: Scope) -> Iterator[Violation]:
    for resource in scope.subjects(*POLICIES):
        yield from _documents(resource, resource.inputs.get(POLICIES[resource.type]))
    for role in scope.subjects(TRUST):
        for statement in statements(role.inputs.get("assumeRolePolicy")):
            if for_everybody(statement):
                yield Violation(
                    role.urn, f"{role.name}: everybody may take the role", "Name who may take it."
                )
        for entry in at(role.inputs, "inlinePolicies[].policy"):
            yield from _documents(role, entry)
    for owner in scope.subjects(*OWN_POLICY):
        document = owner.inputs.get("policy")
        if any(for_everybody(statement) for statement in statements(document)):
            yield Violation(owner.urn, f"{owner.name}: everybody may use it", "Name the roles that may.")
    for attached in scope.subjects(*ATTACHED):
        for arn in map(str, at(attached.inputs, ATTACHED[attached.type])):
            if arn.startswith("arn:") and arn.endswith(TOO_MUCH):
                name = arn.rsplit("/", 1)[-1]
                yield Violation(attached.urn, f"{attached.name}: {name} is far too much", _LESS)
    for resource in scope.subjects():
        yield from _google(resource)


def _documents(resource: Resource, document: JsonValue) -> Iterator[Violation]:
    if illegible(document):
        yield Violation(resource.urn, f"{resource.name}: its policy is no JSON", "Write one object.")
    for statement in statements(document):
        problem = too_wide(statement)
        if problem:
            yield Violation(resource.urn, f"{resource.name}: {problem}", _LESS)


def too_wide(entry: Mapping[str, JsonValue]) -> str:
    """What is wrong with a statement that allows something; "" when nothing is."""
    if entry.get("Effect") != "Allow":
        return ""
    if present(entry.get("NotAction")) or present(entry.get("NotResource")):
        return "allows everything but a list"
    actions, resources = texts(entry.get("Action")), texts(entry.get("Resource"))
    if any(action.startswith("*") for action in actions):
        return "allows every action"
    wide = [action for action in actions if "*" in action and not READING.fullmatch(action)]
    if wide and any(EVERY_RESOURCE.fullmatch(resource) for resource in resources):
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
