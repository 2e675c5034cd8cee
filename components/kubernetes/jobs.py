"""Work that runs once and must succeed before something else starts: roles, migrations, model files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_kubernetes as k8s

from components.base import Component
from components.kubernetes.job_volumes import SecretFile, volumes_of
from components.kubernetes.labels import own_labels
from sizing.specs import Container, Workload

AWAIT_MARGIN_S = 60
"""Pulumi waits this much longer than the Job may run, so that the Job's own verdict is the one reported."""

REPLACE_FAILED: Mapping[str, str] = {"pulumi.com/replaceUnready": "true"}
"""The next ``up`` makes a new Job for one that has failed; by default it would wait for the failed one again
(https://www.pulumi.com/registry/packages/kubernetes/installation-configuration/)."""

WORKLOAD_LABEL = "ai-gateway/workload"
"""The Job's name is Pulumi's: this says which workload of the plan it is."""


@dataclass(frozen=True)
class Step:
    """One container of a Job, with the figures of its workload. Steps run one after the other.

    ``command`` None keeps the image's entrypoint. ``secrets`` maps a variable to (Secret, key): values never
    stand in the pod's specification. ``writes_image`` lets it write beside its own code, not to its volumes
    only.
    """

    image: str
    container: Container
    command: Sequence[str] | None = None
    args: Sequence[str] = ()
    env: Mapping[str, pulumi.Input[str]] = field(default_factory=dict[str, pulumi.Input[str]])
    secrets: Mapping[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    mounts: Mapping[str, str] = field(default_factory=dict[str, str])  # volume -> path
    ephemeral_gib: int | None = None
    writes_image: bool = False


@dataclass(frozen=True)
class Task:
    """A Job. ``workload`` has its namespace, priority and containers: the steps, in their order.

    ``run_as`` None keeps the image's user. Its volumes, by name: ``config_maps``, ``scratch_gib`` (empty),
    ``files`` (one key of a Secret each) and ``token_audiences`` (a token of the service account for that
    audience, None: the Kubernetes API).
    """

    workload: Workload
    steps: tuple[Step, ...]
    timeout_s: int
    retries: int
    service_account: str | None = None
    run_as: int | None = None
    config_maps: Mapping[str, pulumi.Input[str]] = field(default_factory=dict[str, pulumi.Input[str]])
    scratch_gib: Mapping[str, int] = field(default_factory=dict[str, int])
    files: Mapping[str, SecretFile] = field(default_factory=dict[str, SecretFile])
    token_audiences: Mapping[str, str | None] = field(default_factory=dict[str, str | None])


@dataclass(frozen=True)
class Schedule:
    """When a task runs again and again. ``cron`` is in UTC. A run that could not start within
    ``starting_deadline_s`` is left out; there is never more than one at a time."""

    cron: str
    starting_deadline_s: int
    kept_failed: int = 3
    kept_done: int = 1


def run_once(
    component: Component, name: str, task: Task, depends_on: Sequence[pulumi.Resource] = ()
) -> k8s.batch.v1.Job:
    """Run ``task`` as a Job and wait for it; the logical name is ``<component>-<name>``.

    The Job has no ``ttlSecondsAfterFinished``: a Job that removes itself is made again by every ``up``. Its
    name is Pulumi's, so that a changed task is a new Job beside the old one, which is immutable.

    Raises:
        ValueError: the steps are not the containers that the workload counts.
    """
    _check(task, name)
    return k8s.batch.v1.Job(
        f"{component.prefix}-{name}",
        metadata=k8s.meta.v1.ObjectMetaArgs(
            namespace=task.workload.namespace,
            labels=_labels(name, task.workload),
            annotations={
                "pulumi.com/timeoutSeconds": str(task.timeout_s + AWAIT_MARGIN_S),
                **REPLACE_FAILED,
            },
        ),
        spec=_spec(name, task),
        opts=component.child(depends_on=list(depends_on)),
    )


def run_regularly(
    component: Component,
    name: str,
    task: Task,
    schedule: Schedule,
    depends_on: Sequence[pulumi.Resource] = (),
) -> k8s.batch.v1.CronJob:
    """Run ``task`` on a schedule. The CronJob is called like its workload: alerts and people name it.

    Raises:
        ValueError: as ``run_once``.
    """
    _check(task, name)
    workload, labels = task.workload, _labels(name, task.workload)
    return k8s.batch.v1.CronJob(
        f"{component.prefix}-{name}",
        metadata=k8s.meta.v1.ObjectMetaArgs(name=workload.name, namespace=workload.namespace, labels=labels),
        spec=k8s.batch.v1.CronJobSpecArgs(
            schedule=schedule.cron,
            time_zone="Etc/UTC",
            concurrency_policy="Forbid",
            starting_deadline_seconds=schedule.starting_deadline_s,
            failed_jobs_history_limit=schedule.kept_failed,
            successful_jobs_history_limit=schedule.kept_done,
            job_template=k8s.batch.v1.JobTemplateSpecArgs(
                metadata=k8s.meta.v1.ObjectMetaArgs(labels=labels), spec=_spec(name, task)
            ),
        ),
        opts=component.child(depends_on=list(depends_on)),
    )


def _check(task: Task, name: str) -> None:
    workload = task.workload
    if tuple(step.container for step in task.steps) != (*workload.init_containers, *workload.containers):
        raise ValueError(f"workload {workload.name}: its containers are not the steps of the Job {name!r}")


def _spec(name: str, task: Task) -> k8s.batch.v1.JobSpecArgs:
    return k8s.batch.v1.JobSpecArgs(
        backoff_limit=task.retries,
        active_deadline_seconds=task.timeout_s,
        template=k8s.core.v1.PodTemplateSpecArgs(
            metadata=k8s.meta.v1.ObjectMetaArgs(labels=_labels(name, task.workload)), spec=_pod(task)
        ),
    )


def _labels(name: str, workload: Workload) -> dict[str, str]:
    return own_labels(**{"app.kubernetes.io/name": name, WORKLOAD_LABEL: workload.name})


def _pod(task: Task) -> k8s.core.v1.PodSpecArgs:
    containers = [_container(step) for step in task.steps]
    return k8s.core.v1.PodSpecArgs(
        restart_policy="Never",
        priority_class_name=task.workload.priority_class,
        service_account_name=task.service_account,
        automount_service_account_token=False,
        security_context=k8s.core.v1.PodSecurityContextArgs(
            run_as_non_root=None if task.run_as is None else True,
            run_as_user=task.run_as,
            run_as_group=task.run_as,
            fs_group=task.run_as,
            seccomp_profile=k8s.core.v1.SeccompProfileArgs(type="RuntimeDefault"),
        ),
        init_containers=containers[:-1] or None,
        containers=containers[-1:],
        volumes=volumes_of(task.config_maps, task.scratch_gib, task.files, task.token_audiences) or None,
    )


def _container(step: Step) -> k8s.core.v1.ContainerArgs:
    resources = step.container.resources()
    requests, limits = resources["requests"], resources.get("limits")
    if step.ephemeral_gib is not None:
        requests = {**requests, "ephemeral-storage": f"{step.ephemeral_gib}Gi"}
    return k8s.core.v1.ContainerArgs(
        name=step.container.name,
        image=step.image,
        command=None if step.command is None else list(step.command),
        args=list(step.args) or None,
        env=_env(step) or None,
        resources=k8s.core.v1.ResourceRequirementsArgs(requests=requests, limits=limits),
        security_context=k8s.core.v1.SecurityContextArgs(
            allow_privilege_escalation=False,
            capabilities=k8s.core.v1.CapabilitiesArgs(drop=["ALL"]),
            read_only_root_filesystem=not step.writes_image,
        ),
        volume_mounts=[
            k8s.core.v1.VolumeMountArgs(name=name, mount_path=path)
            for name, path in sorted(step.mounts.items())
        ]
        or None,
    )


def _env(step: Step) -> list[k8s.core.v1.EnvVarArgs]:
    plain = [k8s.core.v1.EnvVarArgs(name=name, value=value) for name, value in sorted(step.env.items())]
    secret = [
        k8s.core.v1.EnvVarArgs(
            name=name,
            value_from=k8s.core.v1.EnvVarSourceArgs(
                secret_key_ref=k8s.core.v1.SecretKeySelectorArgs(name=source, key=key)
            ),
        )
        for name, (source, key) in sorted(step.secrets.items())
    ]
    return plain + secret
