"""Imports the provider SDKs once, before warnings are errors: they warn about old classes of their own.

What our code uses is still checked: a deprecated resource warns again when it is made.
"""

from __future__ import annotations

import importlib
import warnings

MODULES = (
    *(
        f"pulumi_aws.{part}"
        for part in (
            "cloudwatch",
            "ec2",
            "eks",
            "elasticache",
            "iam",
            "kms",
            "rds",
            "s3",
            "secretsmanager",
            "vpc",
        )
    ),
    "pulumi_eks",
    "pulumi_eks.node_group",
    "pulumi_kubernetes.helm.v3",
)


def load() -> None:
    """Import them all."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        for module in MODULES:
            importlib.import_module(module)
