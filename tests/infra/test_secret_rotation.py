"""Rotation: one number in the stack file, and exactly that secret's value is another one."""

from __future__ import annotations

from typing import Any

import pytest

from infra.graph import Graph, Resource
from infra.planning import plan_of
from infra.preview import preview_graph
from infra.settings import load
from sizing.errors import SizingError
from sizing.platform_specs import SECRETS
from tests.harness import captured


def rotated(cloud: str, **generations: int) -> Graph:
    values: dict[str, Any] = {"tier": "small", "cloud": cloud, "secrets": {"rotate": generations}}
    if cloud == "gcp":
        values["gcpProject"] = "my-project-1"
    return preview_graph(load(values), "small")


def changed(before: Graph, after: Graph) -> set[str]:
    """Names of resources that are not the same, the cluster's project apart."""

    def told(resource: Resource) -> str:
        return f"{resource.type.rpartition(':')[2]} {resource.name}"

    old = {r.urn: r.inputs for r in before.resources}
    assert set(old) == {r.urn for r in after.resources}
    return {told(r) for r in after.resources if old[r.urn] != r.inputs}


@pytest.mark.parametrize("cloud", ["aws", "gcp"])
def test_exactly_the_named_secret_changes(cloud: str) -> None:
    before, after = rotated(cloud), rotated(cloud, **{"grafana-admin": 2})
    assert changed(before, after) == {
        "RandomPassword cloud-secrets-grafana-admin",
        "SecretVersion cloud-secrets-grafana-admin",
    }


def test_the_database_and_the_cache_learn_theirs() -> None:
    after = rotated("aws", **{"postgres-admin": 2, "redis-auth": 3})
    names = {name.split()[0] for name in changed(rotated("aws"), after)}
    assert names == {"RandomPassword", "SecretVersion", "Instance", "ReplicationGroup"}


def test_a_shipped_stack_has_rotated_nothing() -> None:
    passwords = [r for r in captured("small").resources if r.type.endswith(":RandomPassword")]
    assert len(passwords) == len(SECRETS)
    assert all(r.inputs.get("keepers", {"generation": "1"}) == {"generation": "1"} for r in passwords)


@pytest.mark.parametrize(
    ("rotate", "path", "text"),
    [
        ({"litellm-salt-key": 2}, "secrets.rotate.litellm-salt-key", "it never rotates: LiteLLM encrypts"),
        ({"grafana-admni": 2}, "secrets.rotate.grafana-admni", "Did you mean grafana-admin?"),
        ({"vault-recovery-keys": 2}, "secrets.rotate.vault-recovery-keys", "not a generated secret"),
        ({"grafana-admin": 1}, "secrets.rotate.grafana-admin", "must be at least 2"),
        ({"grafana-admin": "2"}, "secrets.rotate.grafana-admin", "must be a whole number"),
    ],
)
def test_what_cannot_be_rotated_is_refused_with_the_reason(
    rotate: dict[str, Any], path: str, text: str
) -> None:
    with pytest.raises(SizingError) as refusal:
        plan_of(load({"tier": "small", "secrets": {"rotate": rotate}}))
    assert refusal.value.path == path
    assert text in str(refusal.value)


@pytest.mark.parametrize("name", ["OpenAI Key", "-key", "litellm-master-key", "vault-root-token", "x" * 64])
def test_keys_that_people_bring_have_names_that_can_be_secrets_of_their_own(name: str) -> None:
    model = {"name": "gpt", "model": "openai/gpt-x", "apiKeySecret": name}
    for part in ({"litellm": {"externalModels": [model]}}, {"vllm": {"hfTokenSecret": name}}):
        with pytest.raises(SizingError, match=r"generated secret has this name|small letters"):
            plan_of(load({"tier": "small", **part}))


def test_a_password_that_this_cloud_has_not_is_refused_there() -> None:
    values = {
        "tier": "small",
        "cloud": "gcp",
        "gcpProject": "my-project-1",
        "secrets": {"rotate": {"redis-auth": 2}},
    }
    with pytest.raises(SizingError, match="not a generated secret"):
        plan_of(load(values))
