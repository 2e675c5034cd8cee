"""Forms of text in the configuration: what a value has to look like, said in one sentence and a remedy."""

from __future__ import annotations

import json
import re
import ssl
from typing import Annotated, Any, cast

from pydantic import AfterValidator, StringConstraints


def is_domain(value: str) -> bool:
    """A domain name of two labels at least, in small letters."""
    return bool(re.fullmatch(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}", value))


def _domain(value: str) -> str:
    if not is_domain(value):
        raise ValueError(f"{value!r} is not a domain name. Write it as llm.example.com.")
    return value


def _role_arn(value: str) -> str:
    if not re.fullmatch(
        r"arn:aws[a-z-]*:iam::[0-9]{12}:role/([\w+=,.@-]+/)*[\w+=,.@-]{1,64}", value, re.ASCII
    ):
        raise ValueError(
            f"{value!r} is not the ARN of an IAM role; users, groups and sessions (sts) cannot be listed."
            " Write it as arn:aws:iam::123456789012:role/platform-admin."
        )
    if ":role/aws-service-role/" in value:
        raise ValueError(
            f"{value!r} is a service-linked role, which nobody but its AWS service can take. Name a role of"
            " people or pipelines."
        )
    return value


def _certificate_arn(value: str) -> str:
    if not re.fullmatch(r"arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{12}:certificate/[a-zA-Z0-9-]+", value):
        raise ValueError(
            f"{value!r} is not the ARN of an ACM certificate. Write it as"
            " arn:aws:acm:us-east-1:123456789012:certificate/00000000-0000-0000-0000-000000000000."
        )
    return value


def _pem(value: str) -> str:
    """Certificates that OpenSSL can read, and nothing else: the text ends up in ConfigMaps."""
    kinds = set(re.findall(r"-----BEGIN ([^-\n]*)-----", value))
    if kinds - {"CERTIFICATE"}:
        found = ", ".join(sorted(kinds - {"CERTIFICATE"}))
        raise ValueError(f"it holds {found}, which is no certificate. Paste the certificates only.")
    blocks = re.findall(r"-----BEGIN CERTIFICATE-----\s.+?\s-----END CERTIFICATE-----", value, re.DOTALL)
    if not blocks or value.count("-----BEGIN") != len(blocks):
        raise ValueError(
            "it holds no whole PEM certificate. Paste the text from -----BEGIN CERTIFICATE----- to"
            " -----END CERTIFICATE-----."
        )
    for position, block in enumerate(blocks, start=1):
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=block)
        except (ssl.SSLError, ValueError, TypeError):
            raise ValueError(
                f"certificate {position} of {len(blocks)} cannot be read. Paste the file's text as it is."
            ) from None
    return value


def _issuer(value: str) -> str:
    if not re.fullmatch(r"https://[A-Za-z0-9.-]+(:\d+)?(/\S*)?", value):
        raise ValueError(f"{value!r} is no issuer. Write its URL as https://login.example.com/tenant.")
    return value


PUBLIC_PARTS = {"RSA": ("n", "e"), "EC": ("crv", "x", "y"), "OKP": ("crv", "x")}
PRIVATE_PARTS = ("d", "p", "q", "dp", "dq", "qi", "oth", "k")
"""Of a key in JSON (https://www.rfc-editor.org/rfc/rfc7518#section-6, rfc8037)."""


def _key_set(value: str) -> str:
    listed = _keys_of(value)
    if not listed:
        raise ValueError('it is no JSON Web Key Set. Paste the issuer\'s document: {"keys": [{"kty": ..}]}.')
    for position, key in enumerate(listed, start=1):
        private = [part for part in PRIVATE_PARTS if part in key]
        if private:
            raise ValueError(
                f"key {position} has the private part {', '.join(private)}. Paste the public keys of the"
                " issuer."
            )
        parts = PUBLIC_PARTS.get(str(key.get("kty")))
        if parts is None:
            raise ValueError(
                f"key {position} has no kty of RSA, EC or OKP. Paste the document of the issuer's jwks_uri."
            )
        absent = [part for part in parts if not _is_encoded(key.get(part))]
        if absent:
            raise ValueError(
                f"key {position} of type {key['kty']} has no {', '.join(absent)}. Paste the document of the"
                " issuer's jwks_uri."
            )
    return value


def _is_encoded(part: object) -> bool:
    """Base64 for URLs, as numbers are written in a key; a curve's name is of the same letters."""
    return isinstance(part, str) and bool(re.fullmatch(r"[A-Za-z0-9_-]+", part))


def _keys_of(text: str) -> list[dict[str, Any]]:
    """The keys of the set; none where one of them is no object."""
    try:
        document: Any = json.loads(text)
    except (ValueError, RecursionError):
        return []
    listed: Any = cast(dict[str, Any], document).get("keys") if isinstance(document, dict) else None
    keys = cast(list[Any], listed) if isinstance(listed, list) else []
    return [cast(dict[str, Any], key) for key in keys] if all(isinstance(key, dict) for key in keys) else []


TAKEN_HEADERS = (
    *("authorization", "connection", "content-encoding", "content-length", "content-type", "cookie", "date"),
    *("expect", "host", "keep-alive", "proxy-authorization", "proxy-connection", "te", "trailer"),
    *("transfer-encoding", "upgrade", "x-api-key"),
)
"""Headers that mean something else to HTTP, the proxies or LiteLLM."""


def _header(value: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,62}", value):
        raise ValueError(f"{value!r} is no header in small letters. Write it as x-gateway-token.")
    if value in TAKEN_HEADERS:
        raise ValueError(
            f"{value!r} cannot hold the token: it has another meaning, as Authorization has the API key."
            " Write it as x-gateway-token."
        )
    return value


def _address(value: str) -> str:
    if not re.fullmatch(r"https?://[^\s#]+", value):
        raise ValueError(f"{value!r} is not an address. Write it as https://wiki.example.com/alerts.")
    return value


def _revision(value: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{40}", value):
        raise ValueError(
            f"{value!r} is not a commit. Write the 40 hexadecimal digits of the repository's commit, not a"
            " branch or tag, which can move."
        )
    return value


def _one_line(value: str) -> str:
    if not value.strip():
        raise ValueError("there are blanks only. Write a text.")
    if len(value) > LONGEST_TEXT or not value.isprintable():
        raise ValueError(
            f"{_short(value)!r} is not one line of at most {LONGEST_TEXT} printable characters. Shorten it or"
            " take out line ends and control characters."
        )
    return value


def _model_name(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._:@/+-]{0,127}", value):
        raise ValueError(
            f"{_short(value)!r} is not a model's name: 1 to 128 letters, digits or ._:@/+-, the first a"
            " letter or digit. Write it as llama-3.1-8b."
        )
    return value


def _repository(value: str) -> str:
    if not re.fullmatch(r"[\w.-]{1,96}/[\w.-]{1,96}", value, re.ASCII):
        raise ValueError(f"{_short(value)!r} is not a repository of Hugging Face. Write it as acme/chat-12b.")
    return value


def _provider_model(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._:@/+*-]{0,255}", value):
        raise ValueError(
            f"{_short(value)!r} is not LiteLLM's name of a model: 1 to 256 letters, digits or ._:@/+*-, the"
            " first a letter or digit. Write it as openai/gpt-4o."
        )
    return value


def _short(value: str) -> str:
    return value if len(value) <= SHOWN else f"{value[:SHOWN]}..."


LONGEST_TEXT = 512
SHOWN = 60
"""Characters of a refused text that its message repeats."""
Text = Annotated[str, StringConstraints(min_length=1), AfterValidator(_one_line)]
ModelName = Annotated[str, AfterValidator(_model_name)]
Repository = Annotated[str, AfterValidator(_repository)]
ProviderModel = Annotated[str, AfterValidator(_provider_model)]
Address = Annotated[str, AfterValidator(_address)]
Revision = Annotated[str, AfterValidator(_revision)]
PemText = Annotated[str, AfterValidator(_pem)]
Domain = Annotated[str, AfterValidator(_domain)]
RoleArn = Annotated[str, AfterValidator(_role_arn)]
CertificateArn = Annotated[str, AfterValidator(_certificate_arn)]
Issuer = Annotated[str, AfterValidator(_issuer)]
KeySet = Annotated[str, AfterValidator(_key_set)]
Header = Annotated[str, AfterValidator(_header)]
