"""Cluster services that the gateway's workloads rely on, in the order in which they must come up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
import pulumi_kubernetes as k8s

from components.base import Component
from components.bindings import Bindings
from components.kubernetes import addon_values, addon_values_cloud, charts
from components.kubernetes.release import helm_release
from sizing.specs import AddonsSpec, Workloads

MONITORING_NAMESPACE = "monitoring"


@dataclass(frozen=True)
class AddonsArgs:
    """Inputs of ``Addons``.

    Attributes:
        spec: which services the cloud does not bring itself.
        workloads: replicas, resources and spread of each service.
        bindings: region, cluster name, network, and annotations of the service accounts.
        kubernetes_version: minor version of the cluster ("1.35").
        tags: put on every load balancer that the controller makes.
        ready: what every release waits for: namespaces and priority classes, CPU nodes, cluster DNS.
        identities: bindings of cloud roles to service accounts. A pod that starts before its binding runs
            without credentials until it is restarted, so the releases with an identity wait for them.
    """

    spec: AddonsSpec
    workloads: Workloads
    bindings: Bindings
    kubernetes_version: str
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    ready: tuple[pulumi.Resource, ...] = ()
    identities: tuple[pulumi.Resource, ...] = ()


class Addons(Component):
    """Prometheus' CRDs first (most charts bring a ServiceMonitor), then the services side by side.

    A release counts as done when its pods are ready, so custom resources that depend on it meet a webhook
    that answers. The GPU DaemonSets are the exception: with no GPU node, or one that is broken, the rest of
    the deployment must go on.

    Attributes:
        prometheus_crds: ServiceMonitor, PodMonitor, PrometheusRule exist after this.
        external_secrets, cert_manager, keda: releases with webhooks and CRDs.
        load_balancer_controller, cluster_autoscaler, device_plugin, dcgm_exporter: None when not installed.
        ready: what custom resources and Services of type LoadBalancer wait for.
    """

    TYPE = "ai-gateway:kubernetes:Addons"

    def __init__(self, name: str, args: AddonsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        self._args = args
        self.prometheus_crds = helm_release(
            self,
            charts.PROMETHEUS_OPERATOR_CRDS,
            name="prometheus-operator-crds",
            namespace=MONITORING_NAMESPACE,
            values={},
            depends_on=args.ready,
        )
        self._general()
        self._cloud()
        self._gpu()
        waits = [self.prometheus_crds, self.external_secrets, self.cert_manager, self.keda]
        if self.load_balancer_controller is not None:
            waits.append(self.load_balancer_controller)
        self.ready: tuple[pulumi.Resource, ...] = tuple(waits)
        self.register_outputs({})

    def _general(self) -> None:
        args = self._args
        self.external_secrets = self._release(
            charts.EXTERNAL_SECRETS,
            "external-secrets",
            addon_values.external_secrets(args.workloads, args.bindings),
            identity=True,
        )
        self.cert_manager = self._release(
            charts.CERT_MANAGER, "cert-manager", addon_values.cert_manager(args.workloads)
        )
        self.keda = self._release(
            charts.KEDA, "keda-operator", addon_values.keda(args.workloads, args.bindings.cluster_name)
        )

    def _cloud(self) -> None:
        args = self._args
        self.load_balancer_controller: k8s.helm.v3.Release | None = None
        self.cluster_autoscaler: k8s.helm.v3.Release | None = None
        if args.spec.load_balancer_controller:
            self.load_balancer_controller = self._release(
                charts.AWS_LOAD_BALANCER_CONTROLLER,
                "aws-load-balancer-controller",
                addon_values_cloud.load_balancer_controller(args.workloads, args.bindings, args.tags),
                identity=True,
            )
        if args.spec.cluster_autoscaler:
            self.cluster_autoscaler = self._release(
                charts.CLUSTER_AUTOSCALER,
                "cluster-autoscaler",
                addon_values_cloud.cluster_autoscaler(args.workloads, args.bindings, args.kubernetes_version),
                identity=True,
            )

    def _gpu(self) -> None:
        args = self._args
        self.device_plugin: k8s.helm.v3.Release | None = None
        self.dcgm_exporter: k8s.helm.v3.Release | None = None
        if args.spec.nvidia_device_plugin:
            self.device_plugin = self._release(
                charts.NVIDIA_DEVICE_PLUGIN,
                "nvidia-device-plugin",
                addon_values_cloud.device_plugin(args.workloads),
                skip_await=True,
            )
        if args.spec.dcgm_exporter:
            self.dcgm_exporter = self._release(
                charts.DCGM_EXPORTER,
                "dcgm-exporter",
                addon_values_cloud.dcgm_exporter(args.workloads),
                skip_await=True,
            )

    def _release(
        self,
        chart: charts.Chart,
        workload_name: str,
        values: Mapping[str, object],
        *,
        identity: bool = False,
        skip_await: bool = False,
    ) -> k8s.helm.v3.Release:
        args = self._args
        workload = args.workloads[workload_name]
        return helm_release(
            self,
            chart,
            name=workload.release,
            namespace=workload.namespace,
            values=values,
            depends_on=[self.prometheus_crds, *args.ready, *(args.identities if identity else ())],
            skip_await=skip_await,
            removes_defaults=True,
        )
