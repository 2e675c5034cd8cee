"""The Job that initialises Vault and configures it, and the identities that log in. ADR 0008."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from components.base import Component
from components.bindings import Bindings
from components.kubernetes.files import config_map
from components.kubernetes.job_volumes import TOKEN_FILE, SecretFile
from components.kubernetes.jobs import Task, run_once
from components.kubernetes.labels import own_labels
from components.kubernetes.python_jobs import SCRIPTS, UNPRIVILEGED, python_step, source
from components.kubernetes.vault import TLS_CERTIFICATE, Vault
from components.kubernetes.vault_access import (
    ACCOUNTS,
    AUDIENCE,
    INIT,
    OPERATOR,
    SNAPSHOT,
    ServiceAccount,
    configuration,
)
from components.kubernetes.vault_config import API_PORT, peer_names
from sizing.specs import Workloads

WORKLOAD = "vault-init"

RECOVERY_ENTRY, ROOT_ENTRY = "vault-recovery-keys", "vault-root-token"
"""Entries of the secret store. The Job may write both and read the second only, which holds a token until
Vault is configured and nothing afterwards."""

TRY_S = 600
"""One run: servers that are scheduled, bound to new volumes and started. Most take a minute."""

TIMEOUT_S = 2700
"""All runs together, with a node that the autoscaler adds first."""

RETRIES = 4

CA_DIR, CA_FILE = "/vault-ca", "ca.crt"
TOKEN_DIR = "/vault-token"  # noqa: S105 - a directory
CONFIGURATION_DIR, CONFIGURATION_FILE = "/configuration", "vault.json"


@dataclass(frozen=True)
class VaultInitArgs:
    """``ready``: the namespace and the cloud's identity of the role ``vault-init``."""

    vault: Vault
    workloads: Workloads
    bindings: Bindings
    ready: tuple[pulumi.Resource, ...] = ()


class VaultInit(Component):
    """Vault initialised, unsealed, configured: everything that asks Vault for something waits for ``job``.

    Recovery keys go to the secret store, by the Job's own identity, and to no log, state or Kubernetes
    Secret. The root token is revoked once the Job's role works. The Job runs again when its script or the
    configuration changes, and writes only what differs: it never removes what people have added. It does not
    hand out the recovery keys; that is people's (docs/runbooks/vault.md).

    Attributes:
        accounts: role in Vault -> its service account, of those in Vault's namespace.
        job: Pulumi waits until it has succeeded.
    """

    TYPE = "ai-gateway:kubernetes:VaultInit"

    def __init__(self, name: str, args: VaultInitArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        vault, ready = args.vault, args.ready
        self.accounts = {
            role: self._account(ACCOUNTS[role], role, args) for role in (INIT, SNAPSHOT, OPERATOR)
        }
        scripts = source(self, vault.namespace, ("cloud_store", "vault_client", "vault_init"), ready)
        wanted = json.dumps(configuration(vault.workload.replicas), indent=1)
        config = config_map(
            self, "access", namespace=vault.namespace, data={CONFIGURATION_FILE: wanted}, depends_on=ready
        )
        self.job = run_once(
            self, "run", self._task(args, scripts, config), [vault.release, self.accounts[INIT], *ready]
        )
        self.register_outputs({})

    def _account(self, account: ServiceAccount, role: str, args: VaultInitArgs) -> k8s.core.v1.ServiceAccount:
        return k8s.core.v1.ServiceAccount(
            f"{self.prefix}-{role}",
            metadata=k8s.meta.v1.ObjectMetaArgs(
                name=account.name,
                namespace=account.namespace,
                labels=own_labels(),
                annotations=args.bindings.annotations(account.name),
            ),
            automount_service_account_token=False,
            opts=self.child(depends_on=list(args.ready)),
        )

    def _task(
        self, args: VaultInitArgs, scripts: k8s.core.v1.ConfigMap, config: k8s.core.v1.ConfigMap
    ) -> Task:
        workload, vault = args.workloads[WORKLOAD], args.vault
        servers = [
            f"https://{name}:{API_PORT}" for name in peer_names(vault.RELEASE, vault.workload.replicas)
        ]
        env: dict[str, pulumi.Input[str]] = {
            "VAULT_SERVERS": ",".join(servers),
            "VAULT_CACERT": f"{CA_DIR}/{CA_FILE}",
            "VAULT_CONFIGURATION": f"{CONFIGURATION_DIR}/{CONFIGURATION_FILE}",
            "TOKEN_FILE": f"{TOKEN_DIR}/{TOKEN_FILE}",
            "ROLE": INIT,
            "RECOVERY_ENTRY": f"{args.bindings.secret_prefix}{RECOVERY_ENTRY}",
            "ROOT_ENTRY": f"{args.bindings.secret_prefix}{ROOT_ENTRY}",
            "DEADLINE_S": str(TRY_S),
            **args.bindings.environment,
        }
        mounts = {"ca": CA_DIR, "token": TOKEN_DIR, "configuration": CONFIGURATION_DIR}
        return Task(
            workload=workload,
            steps=(python_step(workload.container(WORKLOAD), "vault_init", env, mounts),),
            timeout_s=TIMEOUT_S,
            retries=RETRIES,
            service_account=ACCOUNTS[INIT].name,
            run_as=UNPRIVILEGED,
            config_maps={SCRIPTS: scripts.metadata.name, "configuration": config.metadata.name},
            files={"ca": SecretFile(TLS_CERTIFICATE, CA_FILE)},
            token_audiences={"token": AUDIENCE},
        )
