"""Appendix A, Instance Type Reference."""

from __future__ import annotations

from dataclasses import dataclass

from sizing.guide.cells import Size

SECTION = "App. A"


@dataclass(frozen=True)
class AwsInstance:
    """A row of the AWS table. ``gpu`` is the guide's note behind the memory; network is in Gbit/s."""

    use_case: str
    instance_type: str
    vcpu: int
    memory: Size
    gpu: str
    network_gbps: int
    network_up_to: bool
    notes: str


@dataclass(frozen=True)
class GcpInstance:
    """A row of the GCP table."""

    use_case: str
    machine_type: str
    vcpu: int
    memory: Size
    gpu: str
    notes: str


AWS_INSTANCES: tuple[AwsInstance, ...] = (
    AwsInstance("Gateway", "m5.xlarge", 4, Size(16, "GB"), "", 10, True, "Balanced"),
    AwsInstance("Gateway", "c5.2xlarge", 8, Size(16, "GB"), "", 10, True, "CPU optimized"),
    AwsInstance("Database", "r5.2xlarge", 8, Size(64, "GB"), "", 10, True, "Memory optimized"),
    AwsInstance("GPU (Small)", "g4dn.xlarge", 4, Size(16, "GB"), "T4", 25, True, "Cost effective"),
    AwsInstance("GPU (Medium)", "g5.4xlarge", 16, Size(64, "GB"), "A10G", 25, True, "Good balance"),
    AwsInstance(
        "GPU (Large)", "p4d.24xlarge", 96, Size(1152, "GB"), "8xA100", 400, False, "High performance"
    ),
)

GCP_INSTANCES: tuple[GcpInstance, ...] = (
    GcpInstance("Gateway", "n2-standard-4", 4, Size(16, "GB"), "", "Standard"),
    GcpInstance("Gateway", "c2-standard-8", 8, Size(32, "GB"), "", "Compute optimized"),
    GcpInstance("Database", "n2-highmem-8", 8, Size(64, "GB"), "", "Memory optimized"),
    GcpInstance("GPU", "a2-highgpu-1g", 12, Size(85, "GB"), "1xA100", "Single GPU"),
    GcpInstance("GPU", "a2-highgpu-4g", 48, Size(340, "GB"), "4xA100", "Multi-GPU"),
)
