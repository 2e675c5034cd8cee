"""Stack files whose keys or types are wrong, each with what is said of it."""

from __future__ import annotations

from typing import Any

Wrong = dict[str, tuple[dict[str, Any], str, object, str, str]]
"""What is wrong -> keys beside the tier, path, value, part of the limit, part of the remedy."""

JWKS = '{"keys": [{"kty": "RSA", "n": "AQAB", "e": "AQAB"}]}'

FORMS: Wrong = {
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
}
