"""Vault's configuration file: raft storage, TLS everywhere, auto-unseal.

https://developer.hashicorp.com/vault/docs/configuration and, for raft,
https://developer.hashicorp.com/vault/docs/configuration/storage/raft
"""

from __future__ import annotations

API_PORT = 8200
CLUSTER_PORT = 8201

TLS_DIR = "/vault/tls"
"""Where the certificate's Secret is mounted, as a directory, so that a renewed one arrives in the running
pod."""

METRICS_RETENTION = "2m"
"""Longer than two scrapes, and short on purpose: after a seal the last "unsealed" value stays for this
long."""

TLS_MIN_VERSION = "tls12"


def peer_names(release: str, replicas: int) -> list[str]:
    """DNS names of the servers inside their namespace; they exist before the pods are ready."""
    return [f"{release}-{index}.{release}-internal" for index in range(replicas)]


def dns_names(release: str, namespace: str) -> list[str]:
    """Every name by which a client or a peer may call a server."""
    services = [release, f"{release}-active", f"{release}-standby", f"{release}-ui"]
    names = [name for service in services for name in (service, f"{service}.{namespace}.svc")]
    peers = [f"*.{release}-internal", f"*.{release}-internal.{namespace}.svc"]
    return ["localhost", *names, f"{release}-internal", f"{release}-internal.{namespace}.svc", *peers]


def server_config(release: str, replicas: int, seal: str) -> str:
    """The file, in HCL. ``seal`` is the ``seal`` stanza that the cloud provides.

    ``disable_mlock``: raft keeps its data in memory-mapped files, which must not be locked, and containers
    here have no swap. Metrics are readable without a token: they hold no secret, and a sealed or standby
    server could not check one.
    """
    joins = "\n".join(_retry_join(name) for name in peer_names(release, replicas))
    return "\n".join([_listener(), _storage(joins), _GENERAL, seal.strip(), ""])


def _listener() -> str:
    return f"""listener "tcp" {{
  address = "[::]:{API_PORT}"
  cluster_address = "[::]:{CLUSTER_PORT}"
  tls_cert_file = "{TLS_DIR}/tls.crt"
  tls_key_file = "{TLS_DIR}/tls.key"
  tls_min_version = "{TLS_MIN_VERSION}"
  telemetry {{
    unauthenticated_metrics_access = true
  }}
}}
"""


def _storage(joins: str) -> str:
    return f"""storage "raft" {{
  path = "/vault/data"
{joins}
}}
"""


def _retry_join(name: str) -> str:
    return f"""  retry_join {{
    leader_api_addr = "https://{name}:{API_PORT}"
    leader_ca_cert_file = "{TLS_DIR}/ca.crt"
    leader_tls_servername = "{name}"
  }}"""


_GENERAL = f"""service_registration "kubernetes" {{}}

telemetry {{
  prometheus_retention_time = "{METRICS_RETENTION}"
  disable_hostname = true
}}

ui = true
disable_mlock = true
"""
