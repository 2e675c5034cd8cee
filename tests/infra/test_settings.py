"""The configuration model: one message for whatever is wrong, naming path, value, limit and remedy."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pulumi
import pytest
from pulumi.runtime import config as runtime_config
from ruamel.yaml import YAML

from infra.planning import plan_of, relocated
from infra.runtime import settings_of_stack
from infra.settings import NAMESPACE, TAG_LIMIT, ConfigError, Settings, load
from infra.stackfile import read_text
from sizing.errors import LONGEST_VALUE, SizingError
from sizing.guide.cells import Tier
from tests.sizing.strategies import at_path, every_key


def refused(values: Mapping[str, Any]) -> SizingError:
    with pytest.raises(SizingError) as caught:
        plan_of(load(values))
    error = caught.value
    assert error.path
    assert error.limit
    assert error.remedy
    value = repr(error.value)
    shown = value if len(value) <= LONGEST_VALUE else f"{value[:LONGEST_VALUE]}..."
    assert str(error) == f"{error.path}: {shown}: {error.limit}. {error.remedy}"
    assert len(str(error)) < 1500
    return error


ROLE = "arn:aws:iam::123456789012:role/platform-admin"
SERVICE_LINKED = (
    "arn:aws:iam::123456789012:role/aws-service-role/eks.amazonaws.com/AWSServiceRoleForAmazonEKS"
)

JWKS = '{"keys": [{"kty": "RSA", "n": "AQAB", "e": "AQAB"}]}'
OWN = {
    "repository": "acme/chat", "precision": "bf16", "layers": 40, "attentionHeads": 32, "kvHeads": 8,
    "headDim": 128, "maxPosition": 8192,
}  # fmt: skip
WRONG: dict[str, tuple[dict[str, Any], str, object, str, str]] = {
    # what: (keys beside tier, path, value, part of the limit, part of the remedy)
    "unknown key": ({"zzz": 1}, "zzz", "zzz", "unknown key", "Use one of"),
    "misspelt key": ({"postgress": {}}, "postgress", "postgress", "unknown key", "Did you mean postgres?"),
    "misspelt inside": (
        {"litellm": {"maxReplica": 3}},
        "litellm.maxReplica",
        "maxReplica",
        "unknown",
        "maxReplicas?",
    ),
    "misspelt deeper": (
        {"nodes": {"gpu": {"machinetype": "x"}}},
        "nodes.gpu.machinetype",
        "machinetype",
        "unknown",
        "machineType?",
    ),
    "misspelt in a list": (
        {"vllm": {"engines": [{}, {"repo": "x"}]}},
        "vllm.engines[1].repo",
        "repo",
        "unknown",
        "repository?",
    ),
    "our own spelling": (
        {"agent_gatway": {}},
        "agent_gatway",
        "agent_gatway",
        "unknown key",
        "agentGateway?",
    ),
    "text for a number": (
        {"litellm": {"replicas": "3"}},
        "litellm.replicas",
        "3",
        "whole number",
        "without quotes",
    ),
    "half a pod": ({"litellm": {"replicas": 2.5}}, "litellm.replicas", 2.5, "whole number", "such as 3"),
    "true for a number": (
        {"litellm": {"replicas": True}},
        "litellm.replicas",
        True,
        "whole number",
        "such as 3",
    ),
    "number for a switch": (
        {"postgres": {"multiAz": 1}},
        "postgres.multiAz",
        1,
        "true or false",
        "true or false",
    ),
    "text for a switch": (
        {"observability": {"thanos": "yes"}},
        "observability.thanos",
        "yes",
        "true or false",
        "true",
    ),
    "true for a quantity": ({"vault": {"cpu": True}}, "vault.cpu", True, "not a cpu quantity", "500m or 2"),
    "wrong quantity": (
        {"vault": {"memory": "2 GB"}},
        "vault.memory",
        "2 GB",
        "not a memory quantity",
        "512Mi or 2Gi",
    ),
    "number for text": ({"region": 7}, "region", 7, "must be text", "quotes"),
    "text for an object": ({"litellm": "3"}, "litellm", "3", "must be an object", "Nest"),
    "list for an object": ({"postgres": []}, "postgres", [], "must be an object", "Nest"),
    "object for a list": ({"vllm": {"engines": {}}}, "vllm.engines", {}, "must be a list", "one entry"),
    "text for a list": (
        {"network": {"apiAllowedCidrs": "10.0.0.0/8"}},
        "network.apiAllowedCidrs",
        "10.0.0.0/8",
        "list",
        "list",
    ),
    "no engine": ({"vllm": {"engines": []}}, "vllm.engines", [], "must not be empty", "at least one entry"),
    "wrong entry of a list": (
        {"vllm": {"engines": [{"minReplicas": 0}]}},
        "vllm.engines[0].minReplicas",
        0,
        "at least 1",
        "at",
    ),
    "empty text": ({"redis": {"nodeType": ""}}, "redis.nodeType", "", "must not be empty", "Leave it out"),
    "an empty entry": (
        {"ingress": {"jwt": {"issuer": "https://a.b", "jwks": JWKS, "audiences": [""]}}},
        "ingress.jwt.audiences[0]",
        "",
        "must not be empty",
        "Write a text.",
    ),
    "a receiver without a name": (
        {"observability": {"alerts": {"receivers": [{"name": "", "type": "slack"}]}}},
        "observability.alerts.receivers[0].name",
        "",
        "must not be empty",
        "Write a text.",
    ),
    "blanks for a text": ({"redis": {"nodeType": " "}}, "redis.nodeType", " ", "blanks only", "Write a text"),
    "no replicas": ({"litellm": {"replicas": 0}}, "litellm.replicas", 0, "at least 1", "at least 1"),
    "fewer than none": ({"nodes": {"cpu": {"min": -1}}}, "nodes.cpu.min", -1, "at least 0", "at least 0"),
    "no memory": (
        {"litellm": {"memory": {"request": "0Mi"}}},
        "litellm.memory.request",
        "0Mi",
        "at least 1",
        "at least 1",
    ),
    "too many": (
        {"nodes": {"cpu": {"diskGib": 20_000}}},
        "nodes.cpu.diskGib",
        20_000,
        "at most 16384",
        "at most 16384",
    ),
    "an answer longer than the balancer's patience": (
        {"litellm": {"requestTimeoutSeconds": 3571}},
        "litellm.requestTimeoutSeconds",
        3571,
        "at most 3570",
        "at most 3570",
    ),
    "metrics for ever": (
        {"observability": {"prometheus": {"retentionDays": 100_000}}},
        "observability.prometheus.retentionDays",
        100_000,
        "at most 3650",
        "at most 3650",
    ),
    "spend for ever": (
        {"litellm": {"spendLogRetentionDays": 1_000_000}},
        "litellm.spendLogRetentionDays",
        1_000_000,
        "at most 3650",
        "at most 3650",
    ),
    "no count of pods": (
        {"litellm": {"replicas": 10**400}},
        "litellm.replicas",
        10**400,
        "at most 10000",
        "at most 10000",
    ),
    "more than 32 bits": (
        {"agentGateway": {"rateLimit": {"requestsPerSecond": 1, "burst": 10**10}}},
        "agentGateway.rateLimit.burst",
        10**10,
        "at most 2147483647",
        "at most 2147483647",
    ),
    "more routers than the chart's pods say": (
        {"vllm": {"routerReplicas": 2000}},
        "vllm.routerReplicas",
        2000,
        "at most 100",
        "at most 100",
    ),
    "a rotation without end": (
        {"secrets": {"rotate": {"grafana-admin": 10**9}}},
        "secrets.rotate.grafana-admin",
        10**9,
        "at most 10000",
        "at most 10000",
    ),
    "more cores than there are": (
        {"vault": {"cpu": "1000000000000000000"}},
        "vault.cpu",
        "1000000000000000000",
        "more than any machine has, which is 10000",
        "at most 10000",
    ),
    "more memory than there is": (
        {"vault": {"memory": "1000000Gi"}},
        "vault.memory",
        "1000000Gi",
        "more than any machine has, which is 65536Gi",
        "at most 65536Gi",
    ),
    "memory without a unit": ({"vault": {"memory": 8}}, "vault.memory", 8, "without a unit", "Write 8Gi"),
    "an engine's name that ends a query": (
        {"vllm": {"engines": [{"name": 'a"b'}]}},
        "vllm.engines[0].name",
        'a"b',
        "not a model's name",
        "llama-3.1-8b",
    ),
    "a model's name of two lines": (
        {"litellm": {"externalModels": [{"name": "a\nb", "model": "openai/x", "apiKeySecret": "k"}]}},
        "litellm.externalModels[0].name",
        "a\nb",
        "not a model's name",
        "llama-3.1-8b",
    ),
    "a provider's model without end": (
        {"litellm": {"externalModels": [{"name": "a", "model": "x" * 70_000, "apiKeySecret": "k"}]}},
        "litellm.externalModels[0].model",
        "x" * 70_000,
        "xxx...' is not LiteLLM's name",
        "openai/gpt-4o",
    ),
    "an audience of two lines": (
        {"ingress": {"jwt": {"issuer": "https://a.b", "jwks": JWKS, "audiences": ["a\nb"]}}},
        "ingress.jwt.audiences[0]",
        "a\nb",
        "not one line",
        "line ends",
    ),
    "more workers than memory": (
        {"litellm": {"workers": 8}},
        "litellm.workers",
        8,
        "8 idle ones take 2720 MiB of a pod that may have 1024 MiB",
        "litellm.memory.limit to at least 2720Mi, or at most 3 workers",
    ),
    "no room for metrics": (
        {"observability": {"prometheus": {"storageGib": 1}}},
        "observability.prometheus.storageGib",
        1,
        "less than 1 GiB",
        "at least 2",
    ),
    "a limit of nothing": (
        {"litellm": {"limits": {"requestsPerMinutePerKey": 0}}},
        "litellm.limits.requestsPerMinutePerKey",
        0,
        "at least 1",
        "at least 1",
    ),
    "a period of no budget": (
        {"litellm": {"limits": {"budgetDays": 7}}},
        "litellm.limits.budgetDays",
        7,
        "there is none",
        "litellm.limits.budgetUsd",
    ),
    "a budget of nobody": (
        {"litellm": {"limits": {"budgetUsd": 7}}},
        "litellm.limits.budgetUsd",
        7,
        "the stack has none",
        "litellm.externalModels",
    ),
    "a budget of somebody unknown": (
        {
            "litellm": {
                "limits": {"budgetUsd": 7},
                "externalModels": [{"name": "gpt", "model": "gpt-4o", "apiKeySecret": "openai-key"}],
            }
        },
        "litellm.externalModels[0].model",
        "gpt-4o",
        "whose model",
        "openai/gpt-4o",
    ),
    "max below min": (
        {"nodes": {"cpu": {"min": 4, "max": 3}}},
        "nodes.cpu",
        {"min": 4, "max": 3},
        "max 3 is below min 4",
        "Raise max",
    ),
    "not a choice": (
        {"redis": {"durability": "synch"}},
        "redis.durability",
        "synch",
        "not one of",
        "Did you mean sync?",
    ),
    "another choice": (
        {"postgres": {"storageType": "disk"}},
        "postgres.storageType",
        "disk",
        "not one of",
        "gp3",
    ),
    "our own spelling of a key": (
        {"litellm": {"max_replicas": 9}},
        "litellm.max_replicas",
        "max_replicas",
        "unknown key",
        "Did you mean maxReplicas?",
    ),
    "capitals": (
        {"nodes": {"cpu": {"machineType": "M5.XLARGE"}}},
        "nodes.cpu.machineType",
        "M5.XLARGE",
        "catalogue",
        "Did you mean m5.xlarge?",
    ),
    "no region": ({"region": ""}, "region", "", "must not be empty", "Leave it out"),
    "a list for a text": (
        {"region": ["us-east-1"]},
        "region",
        ["us-east-1"],
        "must be text",
        "without a list",
    ),
    "a number for a key": ({"litellm": {7: 1}}, "litellm[7]", 7, "a key must be text", "quotes"),
    "no repository": (
        {"vllm": {"models": [{**OWN, "weightMib": 1, "repository": "chat"}]}},
        "vllm.models[0].repository",
        "chat",
        "not a repository",
        "acme/chat-12b",
    ),
    "unknown cloud": ({"cloud": "asw"}, "cloud", "asw", "not a cloud", "Did you mean aws?"),
    "unknown region": ({"region": "us-moon-1"}, "region", "us-moon-1", "not an AWS region", "us-"),
    "unknown machine": (
        {"nodes": {"cpu": {"machineType": "m5.huge"}}},
        "nodes.cpu.machineType",
        "m5.huge",
        "catalogue",
        "m5.",
    ),
    "CIDR too small": (
        {"network": {"cidr": "10.0.0.0/23"}},
        "network.cidr",
        "10.0.0.0/23",
        "may take",
        "or larger",
    ),
    "an address of a network": (
        {"network": {"apiAllowedCidrs": ["203.0.113.7/24"]}},
        "network.apiAllowedCidrs[0]",
        "203.0.113.7/24",
        "host bits",
        "Write it as 203.0.113.0/24.",
    ),
    "API for everyone": (
        {"network": {"apiAllowedCidrs": ["0.0.0.0/0"]}},
        "network.apiAllowedCidrs[0]",
        "0.0.0.0/0",
        "internet",
        "List",
    ),
    "too few nodes": (
        {"vault": {"replicas": 5}},
        "nodes.cpu.desired",
        3,
        "vault.replicas is 5",
        "at least 5",
    ),
    "no domain name": (
        {"ingress": {"domain": "llm_example"}},
        "ingress.domain",
        "llm_example",
        "domain",
        "llm.example.com",
    ),
    "number for a domain": ({"ingress": {"domain": 0}}, "ingress.domain", 0, "must be text", "quotes"),
    "no ARN": (
        {"access": {"adminRoleArns": ["admin"]}},
        "access.adminRoleArns[0]",
        "admin",
        "not the ARN of an IAM role",
        "arn:aws:iam",
    ),
    **{
        f"{what} for a role": (
            {"access": {"adminRoleArns": [arn]}},
            "access.adminRoleArns[0]",
            arn,
            "not the ARN of an IAM role",
            "arn:aws:iam",
        )
        for what, arn in {
            "session": "arn:aws:sts::123456789012:assumed-role/admin/me",
            "user": "arn:aws:iam::123456789012:user/me",
            "no account": "arn:aws:iam:::role/admin",
            "no name": "arn:aws:iam::123456789012:role/",
            "region": "arn:aws:iam:us-east-1:123456789012:role/admin",
        }.items()
    },
    "service-linked role": (
        {"access": {"adminRoleArns": [SERVICE_LINKED]}},
        "access.adminRoleArns[0]",
        SERVICE_LINKED,
        "service-linked role",
        "Name a role",
    ),
    "role twice": (
        {"access": {"adminRoleArns": [ROLE, ROLE]}},
        "access.adminRoleArns",
        [ROLE, ROLE],
        "listed twice",
        "List it once",
    ),
    "certificate of IAM": (
        {"ingress": {"domain": "llm.example.com", "certificateArn": ROLE}},
        "ingress.certificateArn",
        ROLE,
        "not the ARN of an ACM certificate",
        "arn:aws:acm:",
    ),
    "a tag of AWS": ({"tags": {"aws:x": "1"}}, "tags", {"aws:x": "1"}, "cannot be a tag", "prefix"),
    "number for a tag": ({"tags": {"cost": 7}}, "tags.cost", 7, "must be text", "quotes"),
    "tags without end": (
        {"tags": {f"t{i}": "" for i in range(TAG_LIMIT + 1)}},
        "tags",
        None,
        f"has {TAG_LIMIT + 1} entries, {TAG_LIMIT} are allowed",
        "Leave some out",
    ),
}


@pytest.mark.parametrize(("keys", "path", "value", "limit", "remedy"), WRONG.values(), ids=WRONG.keys())
def test_wrong_input_is_one_message(
    keys: dict[str, Any], path: str, value: object, limit: str, remedy: str
) -> None:
    error = refused({"tier": "small", **keys})
    assert error.path == path
    assert value is None or (error.value == value and type(error.value) is type(value))
    assert limit in error.limit
    assert remedy in error.remedy


@pytest.mark.parametrize(
    ("key", "value", "limit"),
    [
        ("parametersBillion", 1e308, "at most 10000"),
        ("parametersBillion", True, "must be a number"),
        ("parametersBillion", "1e3", "must be a number"),
        ("parametersBillion", 0, "more than 0"),
        ("weightMib", 10**400, "at most 20000000"),
        ("layers", 10**400, "at most 100000"),
    ],
)
def test_figures_of_a_model_are_numbers_that_a_model_can_have(key: str, value: object, limit: str) -> None:
    sized = {} if key in ("parametersBillion", "weightMib") else {"weightMib": 8000}
    error = refused({"tier": "small", "vllm": {"models": [{**OWN, **sized, key: value}]}})
    assert error.path == f"vllm.models[0].{key}"
    assert limit in error.limit


@pytest.mark.parametrize("value", ["x" * 70_000, "a " * 35_000], ids=["a word", "words"])
@pytest.mark.parametrize("key", ["region", "gcpProject", "cloud", "ingress", "tags"])
def test_a_value_without_end_is_not_repeated_in_full(key: str, value: str) -> None:
    keys = {"ingress": {"domain": value}, "tags": {value: value}}
    refused({"tier": "small", key: keys.get(key, value)})
    refused({"tier": "small", value: 1})


def test_a_number_that_cannot_be_written_is_refused_too() -> None:
    with pytest.raises(ConfigError, match="thousands of digits"):
        load({"tier": "small", "litellm": {"replicas": 16**5000}})


def test_billions_of_parameters_may_be_whole() -> None:
    stack = load({"tier": "small", "vllm": {"models": [{**OWN, "parametersBillion": 12}]}})
    assert stack.vllm.models[0].parameters_billion == 12


@pytest.mark.parametrize(
    ("tier", "remedy"),
    [
        ("larg", "Did you mean large?"),
        ("LARGE", "Did you mean large?"),
        ("XL", "Use one of"),
        (3, "Use one of"),
        (None, "Use one of"),
    ],
)
def test_an_unknown_tier_gets_the_known_ones(tier: object, remedy: str) -> None:
    error = refused({"tier": tier})
    assert (error.path, error.value) == ("tier", tier)
    assert remedy in error.remedy


def test_a_missing_tier_says_which_there_are() -> None:
    error = refused({"litellm": {"replicas": 3}})
    assert (error.path, error.limit) == ("tier", "missing in configuration")
    assert all(tier in error.remedy for tier in Tier)


def test_a_misspelt_key_is_reported_before_what_it_causes() -> None:
    error = refused({"teir": "small", "litellm": {"replicas": 0}})
    assert (error.path, error.remedy) == ("teir", "Did you mean tier?")


def test_where_the_value_stood_is_part_of_the_message() -> None:
    with pytest.raises(ConfigError, match=r"unknown key in Pulumi.mine.yaml"):
        load({"tier": "small", "x": 1}, where="Pulumi.mine.yaml")


@pytest.mark.parametrize("path", sorted(set(every_key())), ids=".".join)
def test_every_key_refuses_what_it_cannot_be(path: tuple[str, ...]) -> None:
    """No key takes anything: an object with an unknown key is wrong everywhere but for the tags' texts."""
    with pytest.raises(ConfigError) as caught:
        load({"tier": "small", **at_path(path, {"no such key": object()})})
    assert caught.value.path.replace("[0]", "").startswith(".".join(step for step in path if step != "[]"))


def test_the_strictest_types_do_not_convert() -> None:
    stack = load(
        {"tier": "small", "litellm": {"replicas": 4}, "postgres": {"multiAz": True}, "vault": {"cpu": 2}}
    )
    assert stack.litellm.replicas == 4
    assert stack.postgres.multi_az is True
    assert stack.vault.cpu == 2000


def test_settings_cannot_be_changed_and_say_only_what_is_set() -> None:
    stack = load({"tier": "large"})
    assert (stack.tier, stack.cloud, stack.region, stack.tags) == (Tier.LARGE, "aws", None, {})
    with pytest.raises(ValueError, match="frozen"):
        stack.region = "eu-west-1"  # type: ignore[misc]


def test_another_cloud_or_region_from_the_command_line() -> None:
    stack = load({"tier": "small", "region": "eu-west-1"})
    assert relocated(stack, None, None) is stack
    assert relocated(stack, None, "us-west-2").region == "us-west-2"
    assert relocated(stack, "aws", None).region == "eu-west-1"


# -------------------------------------------------------------------------- Pulumi's own configuration


@pytest.fixture
def pulumi_config(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """What the engine hands to a program: a text per key, objects as JSON."""
    before = dict(runtime_config.CONFIG.get())
    values: dict[str, str] = {}
    monkeypatch.delenv("PULUMI_CONFIG", raising=False)
    monkeypatch.setattr(pulumi, "get_stack", lambda: "mine")
    runtime_config.CONFIG.set(values)
    yield values
    runtime_config.CONFIG.set(before)


STACK = """
config:
  aws:region: us-west-2
  ai-gateway:tier: medium
  ai-gateway:region: eu-west-1
  ai-gateway:litellm: {replicas: 4, memory: {request: 4Gi, limit: 8Gi}, bedrock: true}
  ai-gateway:vllm: {engines: [{maxModelLen: 8192}]}
  ai-gateway:network: {apiAllowedCidrs: [203.0.113.0/24]}
  ai-gateway:tags: {team: "42", cost-center: platform}
"""


def _handed_over(text: str) -> dict[str, str]:
    """The stack file's configuration as the engine hands it to the program."""
    config: dict[str, Any] = YAML(typ="safe", pure=True).load(text)["config"]
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in config.items()}


def test_pulumis_configuration_gives_the_settings_of_the_stack_file(pulumi_config: dict[str, str]) -> None:
    pulumi_config.update(_handed_over(STACK))
    found = settings_of_stack()
    assert found == read_text(STACK, "Pulumi.mine.yaml")
    assert found.litellm.memory.request == 4096
    assert found.tags == {"team": "42", "cost-center": "platform"}


@pytest.mark.parametrize(
    ("values", "path", "words"),
    [
        ({"litellm": '{"replicas": "3"}'}, "litellm.replicas", "whole number"),
        ({"litellm": "replicas 3"}, "litellm", "must be an object"),
        ({"litellm": '{"replicas": 3'}, "litellm", "must be an object"),
        ({"litellm": "9" * 5000}, "litellm", "must be an object"),
        ({"litellm": "[" * 100_000}, "litellm", "must be an object"),
        ({"litelm": "{}"}, "litelm", "Did you mean litellm"),
        ({"tier": "larg"}, "tier", "Did you mean large"),
    ],
)
def test_wrong_pulumi_configuration_is_refused_alike(
    pulumi_config: dict[str, str], values: dict[str, str], path: str, words: str
) -> None:
    pulumi_config.update({f"{NAMESPACE}:{key}": text for key, text in {"tier": "small", **values}.items()})
    with pytest.raises(ConfigError, match=words) as caught:
        settings_of_stack()
    assert caught.value.path == path


def test_what_pulumi_has_decrypted_is_refused(pulumi_config: dict[str, str]) -> None:
    values = {f"{NAMESPACE}:tier": "small", f"{NAMESPACE}:vllm": '{"hfTokenSecret": "hf_abc"}'}
    runtime_config.set_all_config(values, [f"{NAMESPACE}:vllm"])
    with pytest.raises(ConfigError, match="names of secrets only") as caught:
        settings_of_stack()
    assert caught.value.path == "vllm"
    assert "hf_abc" not in str(caught.value)
    runtime_config.set_all_config(values, [])
    assert settings_of_stack().vllm.hf_token_secret == "hf_abc"


def test_settings_are_the_overrides_and_where() -> None:
    own = {name for name in Settings.model_fields if name not in Settings.__mro__[1].model_fields}
    assert own >= {"tier", "cloud", "region", "tags"}
