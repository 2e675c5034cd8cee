"""Nodes as a kubelet would register them: the model's allocatable figures, zone, labels, GPU taint."""

from __future__ import annotations

from components.kubernetes.placement import HOST, ZONE
from sizing.placement import NodeShape
from sizing.quantities import format_cpu, format_memory
from tests.prove.api import Object
from tests.prove.manifests import GPU

GPU_TAINT = {"key": GPU, "value": "present", "effect": "NoSchedule"}


def node(name: str, zone: str, shape: NodeShape) -> Object:
    """A node whose capacity is all for pods: what the machine keeps for itself is the model's business."""
    room = {
        "cpu": format_cpu(shape.cpu_m),
        "memory": format_memory(shape.memory_mib),
        "pods": str(shape.pods),
    }
    if shape.gpus:
        room[GPU] = str(shape.gpus)
    labels = {HOST: name, ZONE: zone, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": {**labels, **shape.labels}},
        "spec": {"taints": [GPU_TAINT] if shape.gpus else []},
        "status": {
            "capacity": room,
            "allocatable": room,
            "conditions": [
                {"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "imagined"}
            ],
        },
    }
