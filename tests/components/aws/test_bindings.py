"""The bindings: what workloads are told about AWS, and no credential among it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from components.aws.bindings import (
    MAX_DEREGISTRATION_S,
    AwsBindingsArgs,
    LoadBalancerArgs,
    aws_bindings,
    load_balancer_annotations,
    objstore,
    vault_seal,
)
from components.aws.cluster import Cluster
from components.aws.postgres import Postgres
from components.aws.redis import Redis
from components.bindings import Bindings
from components.kubernetes.gateway_objects import ROUTE_MARGIN_S
from infra.graph.model import Graph
from sizing.override_parts import LONGEST_ANSWER_S
from tests import factories_cluster as make

PREFIX = "service.beta.kubernetes.io/aws-load-balancer-"
CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/1"

BALANCER = LoadBalancerArgs(
    public=True,
    port=443,
    health_port=15021,
    health_path="/healthz/ready",
    drain_s=300,
    response_timeout_s=600,
)


def bindings(opts: pulumi.ResourceOptions, **changes: Any) -> Bindings:
    """Bindings of real components, and a Vpc that stands for what the secret store needs."""
    vpc = aws.ec2.Vpc("vpc", cidr_block=make.VPC_CIDR, opts=opts)
    args = AwsBindingsArgs(
        cluster=Cluster("eks", make.cluster_args(), opts),
        postgres=Postgres("db", make.postgres_args(), opts),
        redis=Redis("cache", make.redis_args(), opts),
        region=make.REGION,
        network_id=vpc.id,
        secret_prefix="gateway-test/",
        redis_auth_secret="redis-auth",
        seal_key_id="mrk-1",
        storage_key_arn=make.key("storage"),
        model_cache_bucket="models",
        vault_snapshot_bucket="snapshots",
        thanos_bucket="thanos",
        load_balancer=BALANCER,
        secret_access=(vpc,),
        tags=make.TAGS,
    )
    return aws_bindings(replace(args, **changes))


def capture(**changes: Any) -> tuple[Bindings, Graph]:
    made: list[Bindings] = []

    def build(opts: pulumi.ResourceOptions) -> None:
        found = bindings(opts, **changes)
        made.append(found)
        pulumi.export("seal", found.vault_seal)
        pulumi.export("objstore", found.thanos_objstore)
        pulumi.export("models", found.model_cache_uri)
        pulumi.export("snapshots", found.vault_snapshot_uri)
        pulumi.export("writer", found.postgres.writer_host)
        pulumi.export("readers", list(found.postgres.reader_hosts))
        pulumi.export("cache", found.redis.host)
        pulumi.export("network", found.network_id)

    graph = make.captured(build, preview=False)
    return made[0], graph


@pytest.fixture(scope="module")
def both() -> tuple[Bindings, Graph]:
    return capture()


def test_plain_values(both: tuple[Bindings, Graph]) -> None:
    found = both[0]
    assert found.cloud == "aws"
    assert found.region == make.REGION
    assert found.cluster_name == make.CLUSTER
    assert found.storage_class == "gp3"
    assert found.secret_prefix == "gateway-test/"
    assert found.environment == {"AWS_REGION": make.REGION}
    assert (found.postgres.port, found.postgres.database) == (5432, "litellm")
    assert found.postgres.admin_user == "gateway_admin"
    assert found.postgres.ca_bundle is None
    assert found.postgres.ca_names_host
    assert (found.redis.port, found.redis.auth_secret) == (6379, "redis-auth")
    assert len(found.secret_access) == 1


def test_the_authority_of_the_database_can_be_given() -> None:
    assert capture(postgres_ca_bundle="PEM")[0].postgres.ca_bundle == "PEM"


def test_hosts_are_those_of_the_services(both: tuple[Bindings, Graph]) -> None:
    outputs = both[1].outputs
    assert outputs["writer"] == "db-address"
    assert outputs["readers"] == ["db-replica-1-address", "db-replica-2-address"]
    assert outputs["cache"] == "cache-configurationEndpointAddress"
    assert outputs["network"] == "vpc-id"


def test_roles_are_bound_outside_of_service_accounts(both: tuple[Bindings, Graph]) -> None:
    assert both[0].service_account_annotations == {}
    assert both[0].annotations("vault") == {}


def test_the_secret_store_is_read_with_the_controller_s_own_identity(both: tuple[Bindings, Graph]) -> None:
    assert both[0].secret_store_provider == {"aws": {"service": "SecretsManager", "region": make.REGION}}


def test_vault_s_seal(both: tuple[Bindings, Graph]) -> None:
    seal = both[1].outputs["seal"]
    assert isinstance(seal, str)
    assert re.sub(r"\s+", " ", seal) == 'seal "awskms" { region = "us-east-1" kms_key_id = "mrk-1" } '


def test_thanos_storage_has_no_credential(both: tuple[Bindings, Graph]) -> None:
    assert json.loads(str(both[1].outputs["objstore"])) == {
        "type": "S3",
        "config": {
            "bucket": "thanos",
            "endpoint": "s3.us-east-1.amazonaws.com",
            "region": "us-east-1",
            "aws_sdk_auth": True,
            "sse_config": {"type": "SSE-KMS", "kms_key_id": make.key("storage")},
        },
    }


def test_no_bucket_no_long_term_metrics() -> None:
    found, graph = capture(thanos_bucket=None)
    assert found.thanos_objstore is None
    assert graph.outputs.get("objstore") is None


def test_buckets_as_uris(both: tuple[Bindings, Graph]) -> None:
    assert both[1].outputs["models"] == "s3://models"
    assert both[1].outputs["snapshots"] == "s3://snapshots"


def test_values_that_only_a_deployment_knows_are_followed() -> None:
    def build(opts: pulumi.ResourceOptions) -> None:
        key = aws.kms.Key("seal", tags=make.TAGS, opts=opts)
        pulumi.export("seal", vault_seal("eu-west-1", key.key_id))
        pulumi.export("objstore", objstore("eu-west-1", "b", key.arn))

    outputs = make.captured(build, preview=False).outputs
    assert 'kms_key_id = "seal-keyId"' in str(outputs["seal"])
    assert 'region     = "eu-west-1"' in str(outputs["seal"])
    assert json.loads(str(outputs["objstore"]))["config"]["sse_config"]["kms_key_id"] == "seal-arn"


def annotations(**changes: Any) -> dict[str, str]:
    found = load_balancer_annotations(replace(BALANCER, **changes), make.TAGS)
    assert all(key.startswith(PREFIX) for key in found)
    return {key.removeprefix(PREFIX): value for key, value in found.items()}


def test_a_network_load_balancer_to_pods(both: tuple[Bindings, Graph]) -> None:
    assert both[0].load_balancer_class == "service.k8s.aws/nlb"
    found = annotations()
    assert both[0].load_balancer_annotations == load_balancer_annotations(BALANCER, make.TAGS)
    assert found["type"] == "external"
    assert found["nlb-target-type"] == "ip"
    assert found["attributes"] == "load_balancing.cross_zone.enabled=true"
    assert found["additional-resource-tags"] == "Environment=test,Project=ai-gateway"


@pytest.mark.parametrize(("public", "scheme"), [(True, "internet-facing"), (False, "internal")])
def test_scheme(public: bool, scheme: str) -> None:
    assert annotations(public=public)["scheme"] == scheme


def test_health_is_readiness_so_that_draining_replicas_get_nothing_new() -> None:
    found = annotations()
    assert found["healthcheck-protocol"] == "http"
    assert found["healthcheck-port"] == "15021"
    assert found["healthcheck-path"] == "/healthz/ready"


def test_the_longest_answer_that_a_stack_may_ask_for_ends_before_its_connection() -> None:
    assert LONGEST_ANSWER_S + ROUTE_MARGIN_S <= MAX_DEREGISTRATION_S


@pytest.mark.parametrize(("drain_s", "delay"), [(300, 300), (60, 60), (9000, 3600)])
def test_connections_may_end_by_themselves(drain_s: int, delay: int) -> None:
    assert annotations(drain_s=drain_s)["target-group-attributes"] == (
        f"deregistration_delay.timeout_seconds={delay}"
    )


@pytest.mark.parametrize(("timeout", "idle"), [(600, 600), (60, 350), (9000, 6000)])
def test_a_silent_answer_is_not_cut_off(timeout: int, idle: int) -> None:
    found = annotations(response_timeout_s=timeout, port=8443)
    assert found["listener-attributes.TCP-8443"] == f"tcp.idle_timeout.seconds={idle}"
    assert not any(name.startswith("ssl-") for name in found)


def test_with_a_certificate_tls_ends_at_the_load_balancer() -> None:
    found = annotations(certificate_arn=CERTIFICATE)
    assert found["ssl-cert"] == CERTIFICATE
    assert found["ssl-ports"] == "443"
    assert "TLS13" in found["ssl-negotiation-policy"]
    assert not any("TCP-" in name for name in found)


def test_without_tags_no_annotation_for_them() -> None:
    assert not any("additional-resource-tags" in name for name in load_balancer_annotations(BALANCER, {}))
