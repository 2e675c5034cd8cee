"""Keys that people bring, from Vault to the pods that use them: one ``vault kv put`` is all it takes.

What the program generates is in the cloud's secret store (``secretstore``), what people bring is in Vault.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from components.base import Component
from components.kubernetes.job_volumes import TOKEN_FILE
from components.kubernetes.jobs import Schedule, Task, run_regularly
from components.kubernetes.labels import PART_OF, PART_OF_LABEL, own_labels
from components.kubernetes.python_jobs import SCRIPTS, UNPRIVILEGED, python_step, source
from components.kubernetes.secretstore import API_VERSION, VAULT_STORE, WAIT_UNTIL_READY
from components.kubernetes.vault import TLS_CERTIFICATE, Vault
from components.kubernetes.vault_access import (
    ACCOUNTS,
    AUDIENCE,
    EXTERNAL_SECRETS,
    KEYS_MOUNT,
    KUBERNETES_API,
)
from components.kubernetes.vault_init import VaultInit
from sizing.specs import Workload

EVERY_FIVE_MINUTES = Schedule(cron="*/5 * * * *", starting_deadline_s=240)
TIMEOUT_S, RETRIES = 240, 1
"""A run takes seconds, and the next one is near."""

CA_DIR, TOKEN_DIR = "/kubernetes-ca", "/kubernetes-token"
ROOT_CA = "kube-root-ca.crt"
"""ConfigMap that Kubernetes puts into every namespace
(https://kubernetes.io/docs/concepts/configuration/configmap/)."""


@dataclass(frozen=True)
class KeyStoreArgs:
    """``ready``: the external-secrets release."""

    vault: Vault
    init: VaultInit
    ready: tuple[pulumi.Resource, ...] = ()


class KeyStore(Component):
    """The ClusterSecretStore over Vault's engine ``keys``.

    external-secrets logs in with its own service account, whose role in Vault may read that engine and
    nothing else. Ready means that the whole way works: certificate, login, token review. Only namespaces of
    the platform may use it.
    """

    TYPE = "ai-gateway:kubernetes:KeyStore"

    def __init__(self, name: str, args: KeyStoreArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        account = ACCOUNTS[EXTERNAL_SECRETS]
        login = {
            "mountPath": "kubernetes",
            "role": EXTERNAL_SECRETS,
            "serviceAccountRef": {
                "name": account.name,
                "namespace": account.namespace,
                "audiences": [AUDIENCE],
            },
        }
        authority = {
            "type": "Secret",
            "name": TLS_CERTIFICATE,
            "namespace": args.vault.namespace,
            "key": "ca.crt",
        }
        provider = {
            "server": args.vault.address,
            "path": KEYS_MOUNT,
            "version": "v2",
            "caProvider": authority,
            "auth": {"kubernetes": login},
        }
        self.store = k8s.apiextensions.CustomResource(
            f"{self.prefix}-store",
            api_version=API_VERSION,
            kind="ClusterSecretStore",
            metadata=k8s.meta.v1.ObjectMetaArgs(
                name=VAULT_STORE.name, labels=own_labels(), annotations=dict(WAIT_UNTIL_READY)
            ),
            spec={
                "provider": {"vault": provider},
                "conditions": [{"namespaceSelector": {"matchLabels": {PART_OF_LABEL: PART_OF}}}],
            },
            opts=self.child(depends_on=[args.init.job, *args.ready]),
        )
        self.register_outputs({"name": VAULT_STORE.name})


@dataclass(frozen=True)
class Roller:
    """Who is rolled for which Secrets."""

    workload: Workload
    deployment: str
    secrets: tuple[str, ...]


def roll_on_change(
    component: Component, roller: Roller, depends_on: Sequence[pulumi.Resource]
) -> k8s.batch.v1.CronJob:
    """Pods read keys at their start only: a CronJob rolls the Deployment when one has changed.

    It may read these Secrets and this Deployment and patch the latter, nothing else.
    """
    namespace, name = roller.workload.namespace, roller.workload.name
    account = _account(component, roller, depends_on)
    scripts = source(component, namespace, ("roll_on_change",), depends_on)
    env: dict[str, pulumi.Input[str]] = {
        "API": KUBERNETES_API,
        "CA_FILE": f"{CA_DIR}/ca.crt",
        "TOKEN_FILE": f"{TOKEN_DIR}/{TOKEN_FILE}",
        "NAMESPACE": namespace,
        "DEPLOYMENT": roller.deployment,
        "SECRETS": ",".join(roller.secrets),
    }
    mounts = {"ca": CA_DIR, "token": TOKEN_DIR}
    task = Task(
        workload=roller.workload,
        steps=(python_step(roller.workload.container(name), "roll_on_change", env, mounts),),
        timeout_s=TIMEOUT_S,
        retries=RETRIES,
        service_account=name,
        run_as=UNPRIVILEGED,
        config_maps={SCRIPTS: scripts.metadata.name, "ca": ROOT_CA},
        token_audiences={"token": None},
    )
    return run_regularly(component, "keys", task, EVERY_FIVE_MINUTES, [*account, *depends_on])


def _account(
    component: Component, roller: Roller, depends_on: Sequence[pulumi.Resource]
) -> tuple[pulumi.Resource, ...]:
    name = roller.workload.name
    metadata = k8s.meta.v1.ObjectMetaArgs(name=name, namespace=roller.workload.namespace, labels=own_labels())
    opts = component.child(depends_on=list(depends_on))
    rbac = k8s.rbac.v1
    account = k8s.core.v1.ServiceAccount(
        f"{component.prefix}-keys", metadata=metadata, automount_service_account_token=False, opts=opts
    )
    role = rbac.Role(
        f"{component.prefix}-keys",
        metadata=metadata,
        rules=[
            rbac.PolicyRuleArgs(
                api_groups=[""], resources=["secrets"], resource_names=list(roller.secrets), verbs=["get"]
            ),
            rbac.PolicyRuleArgs(
                api_groups=["apps"],
                resources=["deployments"],
                resource_names=[roller.deployment],
                verbs=["get", "patch"],
            ),
        ],
        opts=opts,
    )
    binding = rbac.RoleBinding(
        f"{component.prefix}-keys",
        metadata=metadata,
        role_ref=rbac.RoleRefArgs(api_group="rbac.authorization.k8s.io", kind="Role", name=name),
        subjects=[rbac.SubjectArgs(kind="ServiceAccount", name=name, namespace=roller.workload.namespace)],
        opts=opts,
    )
    return account, role, binding
