"""What each workload role may do on Google Cloud: least privilege, as data.

Nobody gets a role on a bucket's or secret's key: Storage and Secret Manager encrypt as themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["project", "bucket", "key", "secrets", "entry", "itself"]


@dataclass(frozen=True)
class Grant:
    """A role on something: the project, a bucket or key by ``target``'s purpose, every generated secret, an
    entry by ``target``'s name, or the account itself."""

    kind: Kind
    role: str
    target: str = ""


CALL_MODELS = Grant("project", "roles/aiplatform.user")
"""LiteLLM may call the cloud's own models, when the stack says so."""

GRANTS: Mapping[str, tuple[Grant, ...]] = {
    # Memorystore takes a token of the account, which LiteLLM asks for in the account's own name
    # (https://docs.litellm.ai/docs/proxy/gcp_memorystore_iam).
    "litellm": (
        Grant("project", "roles/redis.dbConnectionUser"),
        Grant("itself", "roles/iam.serviceAccountTokenCreator"),
    ),
    # https://developer.hashicorp.com/vault/docs/configuration/seal/gcpckms#authentication-permissions
    "vault": (
        Grant("key", "roles/cloudkms.cryptoKeyEncrypterDecrypter", "seal"),
        Grant("key", "roles/cloudkms.viewer", "seal"),
    ),
    # Neither reading nor deleting: who can run the job can neither take nor lose the data.
    "vault-snapshot": (Grant("bucket", "roles/storage.objectCreator", "vault-snapshots"),),
    # Recovery keys can be written and not read again; the first root token can, for a run that broke off.
    "vault-init": (
        Grant("entry", "roles/secretmanager.secretVersionAdder", "vault-recovery-keys"),
        Grant("entry", "roles/secretmanager.secretVersionAdder", "vault-root-token"),
        Grant("entry", "roles/secretmanager.secretAccessor", "vault-root-token"),
    ),
    "thanos": (Grant("bucket", "roles/storage.objectUser", "thanos"),),
    # Replacing an object, as the sidecar does with an upload that broke off, takes the right to delete it.
    "prometheus": (Grant("bucket", "roles/storage.objectUser", "thanos"),),
    "model-cache": (Grant("bucket", "roles/storage.objectUser", "model-cache"),),
    "vllm": (Grant("bucket", "roles/storage.objectViewer", "model-cache"),),
    "cloud-metrics": (Grant("project", "roles/monitoring.viewer"),),
    "external-secrets": (Grant("secrets", "roles/secretmanager.secretAccessor"),),
}
"""Role -> what it takes."""


def grants_of(role: str, *, bedrock: bool) -> tuple[Grant, ...]:
    """What ``role`` may do. ``bedrock``: LiteLLM may call the cloud's own models.

    Raises:
        ValueError: the role is not known here.
    """
    if role not in GRANTS:
        raise ValueError(f"no grants for the role {role!r}; there are {', '.join(sorted(GRANTS))}")
    return (*GRANTS[role], CALL_MODELS) if role == "litellm" and bedrock else GRANTS[role]
