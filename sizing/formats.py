"""Forms of text in the configuration: what a value has to look like, said in one sentence and a remedy."""

from __future__ import annotations

import json
import re
from typing import Annotated, Any, cast

from pydantic import AfterValidator


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
    if not value.lstrip().startswith("-----BEGIN CERTIFICATE-----"):
        raise ValueError(
            "it holds no PEM certificate. Paste the text that starts with -----BEGIN CERTIFICATE-----."
        )
    return value


def _issuer(value: str) -> str:
    if not re.fullmatch(r"https://[A-Za-z0-9.-]+(:\d+)?(/\S*)?", value):
        raise ValueError(f"{value!r} is no issuer. Write its URL as https://login.example.com/tenant.")
    return value


def _key_set(value: str) -> str:
    listed = _keys_of(value)
    if not listed:
        raise ValueError('it is no JSON Web Key Set. Paste the issuer\'s document: {"keys": [{"kty": ..}]}.')
    private = sorted({part for key in listed for part in ("d", "k") if part in key})
    if private:
        raise ValueError(
            f"a key has the private part {', '.join(private)}. Paste the public keys of the issuer."
        )
    return value


def _keys_of(text: str) -> list[dict[str, Any]]:
    try:
        document: Any = json.loads(text)
    except ValueError:
        return []
    listed: Any = cast(dict[str, Any], document).get("keys") if isinstance(document, dict) else None
    keys = cast(list[Any], listed) if isinstance(listed, list) else []
    return [cast(dict[str, Any], key) for key in keys if isinstance(key, dict)]


def _header(value: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9-]*", value) or value == "authorization":
        raise ValueError(
            f"{value!r} cannot hold the token: Authorization has the API key. Write it as x-gateway-token."
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


Address = Annotated[str, AfterValidator(_address)]
Revision = Annotated[str, AfterValidator(_revision)]
PemText = Annotated[str, AfterValidator(_pem)]
Domain = Annotated[str, AfterValidator(_domain)]
RoleArn = Annotated[str, AfterValidator(_role_arn)]
CertificateArn = Annotated[str, AfterValidator(_certificate_arn)]
Issuer = Annotated[str, AfterValidator(_issuer)]
KeySet = Annotated[str, AfterValidator(_key_set)]
Header = Annotated[str, AfterValidator(_header)]
