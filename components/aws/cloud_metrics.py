"""What is asked of CloudWatch, and by which exporter.

YACE finds resources by their tags (https://github.com/prometheus-community/yet-another-cloudwatch-exporter).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from components.bindings import CloudMetricsBinding
from components.kubernetes import images
from components.kubernetes.cloud_metrics import CONFIG_DIR

PORT = 5000
FILE = "config.yml"
PERIOD_S, LENGTH_S = 60, 300
"""The services report once a minute; the last five are asked for, since the newest may not be there yet."""
INTERVAL_S = 300
"""Between two rounds: each figure asked for is billed."""

ASKED: Mapping[str, Mapping[str, str]] = {
    "AWS/RDS": {
        "FreeStorageSpace": "Average",
        "ReadIOPS": "Average",
        "WriteIOPS": "Average",
        "DatabaseConnections": "Average",
        "CPUUtilization": "Average",
        "ReplicaLag": "Average",
        "EBSIOBalance%": "Average",
    },
    "AWS/ElastiCache": {
        "DatabaseMemoryUsagePercentage": "Maximum",
        "EngineCPUUtilization": "Maximum",
        "Evictions": "Maximum",
    },
}
"""Namespace -> metric -> statistic: what alerts and dashboards use, and nothing else."""


def cloud_metrics(region: str, tags: Mapping[str, str]) -> CloudMetricsBinding:
    """The exporter for the resources with all of ``tags``."""
    return CloudMetricsBinding(
        image=images.CLOUDWATCH_EXPORTER.reference,
        port=PORT,
        arguments=(
            f"-config.file={CONFIG_DIR}/{FILE}",
            f"-listen-address=:{PORT}",
            f"-scraping-interval={INTERVAL_S}",
        ),
        files={FILE: json.dumps(_config(region, tags), indent=1)},
    )


def _config(region: str, tags: Mapping[str, str]) -> dict[str, object]:
    """As JSON, which is YAML too. Values of tags are regular expressions."""
    wanted = [{"key": key, "value": f"^{re.escape(value)}$"} for key, value in sorted(tags.items())]
    jobs = [
        {
            "type": namespace,
            "regions": [region],
            "searchTags": wanted,
            "period": PERIOD_S,
            "length": LENGTH_S,
            "metrics": [{"name": name, "statistics": [how]} for name, how in metrics.items()],
        }
        for namespace, metrics in ASKED.items()
    ]
    return {"apiVersion": "v1alpha1", "sts-region": region, "discovery": {"jobs": jobs}}
