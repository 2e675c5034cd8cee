"""Access to the cluster and the gateway's certificate, with the page that says so."""

from __future__ import annotations

from sizing.clouds.rules import Rule

CERTIFICATE_NAME_LIMIT = 64

CERTIFICATE_REGION = Rule(
    id="acm-region",
    service="Network Load Balancer",
    limit="a listener takes a certificate of the load balancer's own region",
    source="https://docs.aws.amazon.com/elasticloadbalancing/latest/network/tls-listener-certificates.html",
    model="a certificate is issued in the stack's region",
    overrides=("ingress.certificateArn",),
)
CERTIFICATE_NAME = Rule(
    id="acm-domain-length",
    service="ACM",
    limit=f"a certificate is issued for a domain of at most {CERTIFICATE_NAME_LIMIT} characters",
    source="https://docs.aws.amazon.com/acm/latest/APIReference/API_RequestCertificate.html",
    overrides=("ingress.domain",),
)
PARTITION = Rule(
    id="eks-access-partition",
    service="EKS",
    limit="an access entry names a role of the cluster's own partition",
    source="https://docs.aws.amazon.com/eks/latest/userguide/creating-access-entries.html",
    overrides=("access.adminRoleArns",),
)

RULES: tuple[Rule, ...] = (CERTIFICATE_REGION, CERTIFICATE_NAME, PARTITION)
