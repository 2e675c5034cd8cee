"""Forms of text: what is taken, and what is refused with a remedy."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from sizing.formats import Header, KeySet, ModelName, PemText, ProviderModel
from tests.harness import ROOT

PUBLIC = {"kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "1"}


def _certificate() -> str:
    """The one in the example of every key."""
    lines = (ROOT / "docs" / "stack-file.md").read_text(encoding="utf-8").splitlines()
    first = next(i for i, line in enumerate(lines) if "BEGIN CERTIFICATE" in line)
    last = next(i for i, line in enumerate(lines) if "END CERTIFICATE" in line)
    return "".join(f"{line.strip()}\n" for line in lines[first : last + 1])


def taken(kind: Any, value: str) -> bool:
    try:
        return TypeAdapter(kind).validate_python(value) == value
    except ValidationError as error:
        return ". " not in str(error.errors()[0]["msg"])  # a refusal without a remedy is none


@pytest.mark.parametrize("text", ["{0}", "\n{0}", "{0}{0}", "# RDS\n{0}"])
def test_certificates_are_taken(text: str) -> None:
    assert taken(PemText, text.format(_certificate()))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "garbage",
        "-----BEGIN CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\ngarbage\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\n\u00e4\n-----END CERTIFICATE-----\n",
        "{0}-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
        "{0}-----BEGIN CERTIFICATE-----\nMIIB\n",
        "{0}-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n",
        "-----BEGIN EC PRIVATE KEY-----\nMIIB\n-----END EC PRIVATE KEY-----\n{0}",
    ],
)
def test_what_holds_no_certificate_or_more_than_that_is_refused(text: str) -> None:
    assert not taken(PemText, text.format(_certificate()))


@pytest.mark.parametrize(
    "key",
    [
        PUBLIC,
        {"kty": "EC", "crv": "P-256", "x": "AQAB", "y": "AQAB"},
        {"kty": "OKP", "crv": "Ed25519", "x": "AQAB"},
    ],
)
def test_public_keys_are_taken(key: dict[str, str]) -> None:
    assert taken(KeySet, json.dumps({"keys": [key]}))


OTHER_KEY_SETS: list[Any] = [
    {"a": 1},
    {"keys": []},
    {"keys": [{}]},
    {"keys": [PUBLIC, 1]},
    {"keys": [{"kty": "RSA", "n": "AQAB"}]},
    {"keys": [{"kty": "EC", "crv": "P-256", "x": "AQAB"}]},
    {"keys": [{**PUBLIC, "n": "not base64!"}]},
    {"keys": [{**PUBLIC, "p": "AQAB", "q": "AQAB"}]},
    {"keys": [{**PUBLIC, "d": "AQAB"}]},
    {"keys": [{"kty": "oct", "k": "AQAB"}]},
]


@pytest.mark.parametrize("document", OTHER_KEY_SETS, ids=json.dumps)
def test_other_key_sets_are_refused(document: object) -> None:
    assert not taken(KeySet, json.dumps(document))


@pytest.mark.parametrize("name", ["x-gateway-token", "x-jwt"])
def test_a_header_of_its_own_is_taken(name: str) -> None:
    assert taken(Header, name)


@pytest.mark.parametrize(
    "name",
    ["authorization", "host", "connection", "content-length", "transfer-encoding", "cookie", "X-Y", ""],
)
def test_a_header_with_a_meaning_is_refused(name: str) -> None:
    assert not taken(Header, name)


def test_names_of_models_are_taken() -> None:
    for name in ("llama-3.1-8b", "meta-llama/Llama-3.1-8B-Instruct", "gpt-4o:latest"):
        assert taken(ModelName, name)
    for model in (
        "openai/gpt-4o",
        "bedrock/arn:aws:bedrock:us-east-1:123456789012:x/y",
        "vertex_ai/c@20240620",
    ):
        assert taken(ProviderModel, model)
