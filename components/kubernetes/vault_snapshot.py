"""Snapshots of Vault's data, every hour, in a bucket. D17."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from components.base import Component
from components.bindings import Bindings
from components.kubernetes.job_volumes import TOKEN_FILE, SecretFile
from components.kubernetes.jobs import Schedule, Task, run_regularly
from components.kubernetes.python_jobs import SCRIPTS, UNPRIVILEGED, python_step, source
from components.kubernetes.vault import TLS_CERTIFICATE, Vault
from components.kubernetes.vault_access import ACCOUNTS, AUDIENCE, SNAPSHOT
from components.kubernetes.vault_init import CA_DIR, CA_FILE, TOKEN_DIR, VaultInit
from sizing.specs import Workloads

WORKLOAD = "vault-snapshot"

HOURLY = Schedule(cron="7 * * * *", starting_deadline_s=1800)
"""Not at the full hour, when everybody's jobs run."""

TIMEOUT_S = 1800
RETRIES = 3

WORK_DIR = "/work"


@dataclass(frozen=True)
class VaultSnapshotsArgs:
    """``storage_gib`` of one server bounds a snapshot. ``ready``: the cloud's identity of the role."""

    vault: Vault
    init: VaultInit
    workloads: Workloads
    bindings: Bindings
    storage_gib: int
    ready: tuple[pulumi.Resource, ...] = ()


class VaultSnapshots(Component):
    """A CronJob ``vault-snapshot`` that saves, checks and uploads a snapshot.

    It may read snapshots in Vault and write objects in the bucket, nothing else in either. Old ones go with
    the bucket's life cycle. A run that fails shows in ``kube_job_status_failed`` and, since none follows, in
    ``kube_cronjob_status_last_successful_time``. It restores nothing.
    """

    TYPE = "ai-gateway:kubernetes:VaultSnapshots"

    def __init__(
        self, name: str, args: VaultSnapshotsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, opts)
        namespace = args.vault.namespace
        modules = ("cloud_store", "vault_client", "vault_snapshot")
        scripts = source(self, namespace, modules, args.ready)
        workload = args.workloads[WORKLOAD]
        env: dict[str, pulumi.Input[str]] = {
            "VAULT_ADDR": args.vault.address,
            "VAULT_CACERT": f"{CA_DIR}/{CA_FILE}",
            "TOKEN_FILE": f"{TOKEN_DIR}/{TOKEN_FILE}",
            "ROLE": SNAPSHOT,
            "TARGET": args.bindings.vault_snapshot_uri,
            "WORK_DIR": WORK_DIR,
            **args.bindings.environment,
        }
        mounts = {"ca": CA_DIR, "token": TOKEN_DIR, "work": WORK_DIR}
        task = Task(
            workload=workload,
            steps=(python_step(workload.container(WORKLOAD), "vault_snapshot", env, mounts),),
            timeout_s=TIMEOUT_S,
            retries=RETRIES,
            service_account=ACCOUNTS[SNAPSHOT].name,
            run_as=UNPRIVILEGED,
            config_maps={SCRIPTS: scripts.metadata.name},
            scratch_gib={"work": args.storage_gib},
            files={"ca": SecretFile(TLS_CERTIFICATE, CA_FILE)},
            token_audiences={"token": AUDIENCE},
        )
        waits = [args.init.job, args.init.accounts[SNAPSHOT], *args.ready]
        self.job = run_regularly(self, "hourly", task, HOURLY, waits)
        self.register_outputs({})
