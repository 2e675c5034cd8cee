"""PgBouncer in front of the writer: many clients, few server connections. Guide 2.4, D22."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from components.base import Component
from components.bindings import Bindings, PostgresBinding
from components.kubernetes import charts, images
from components.kubernetes.chart_defaults import exact_resources
from components.kubernetes.database import APP_ENTRY, CA_DIR, NAMESPACE, PostgresTls, postgres_tls
from components.kubernetes.endpoints import ServiceEndpoint
from components.kubernetes.files import script
from components.kubernetes.labels import own_labels
from components.kubernetes.placement import (
    disruption_budget,
    labels_of,
    pod_affinity,
    spread_constraints,
)
from components.kubernetes.release import helm_release
from components.kubernetes.secretstore import external_secret
from components.kubernetes.security import SECCOMP
from sizing.specs import PgbouncerSpec, Workloads

RELEASE = "pgbouncer"

PORT = 5432
"""PostgreSQL's own: LiteLLM's command line builds its URL without the port it is given
(https://github.com/BerriAI/litellm, proxy/utils.py)."""

STATS_STORE_ENTRY = "pgbouncer-stats"
STATS_USER = "pgbouncer_stats"
"""May read PgBouncer's statistics and nothing else; it exists in PgBouncer only, not in PostgreSQL."""

ACCOUNT = "pgbouncer-pods"
"""Not the name of the chart's account: Helm deletes that one when this one is given."""

USERLIST = "pgbouncer-userlist"
STATS_LOGIN = "pgbouncer-stats"

IGNORED_STARTUP_PARAMETERS = "extra_float_digits,options"
"""Clients send them; a pooled connection cannot keep them. What LiteLLM would set by ``options`` is set on
its role instead (scripts/grants.sql)."""

SERVER_LIFETIME_S = 1800
"""A server connection is renewed after half an hour, so that all leave a server that has been failed over
from."""

QUERY_WAIT_TIMEOUT_S = 30
"""A query that waits this long for a server connection fails: an error is better than a queue without end
(the default is 120 s)."""

CONNECT_TIMEOUT_S = 5
"""During a fail-over of the writer the old address stops answering; the default (15 s) would block a pool."""

LOGIN_RETRY_S = 1
"""How long nobody may connect after a failed attempt; the default (15 s) prolongs every fail-over."""

DEAD_PEER: dict[str, object] = {
    "tcp_keepalive": 1,
    "tcp_keepidle": 15,
    "tcp_keepintvl": 5,
    "tcp_keepcnt": 3,
    "tcp_user_timeout": 30_000,
}
"""A server whose zone is gone answers nothing, not even a reset: half a minute, and not the kernel's
quarter of an hour, until its connections are given up. The last figure is in milliseconds."""

DNS_MAX_TTL_S = 5
"""The writer's name points to another address after a fail-over; RDS publishes it with a time to live of 5
s."""

PRE_STOP = "sleep 15; kill -INT 1; while kill -0 1 2>/dev/null; do sleep 1; done"
"""First the Service's endpoints forget the pod. Then SIGINT: running transactions end, idle clients are
sent away to reconnect elsewhere. SIGTERM would wait for every client to leave, which pooled clients never
do (https://github.com/pgbouncer/pgbouncer/pull/902)."""

GRACE_S = 90
"""The pause above and the longest transaction: 60 s, the statement_timeout of the role
(scripts/grants.sql)."""

NO_ADMIN = "no_admin"
"""The chart always writes ``admin_users``. This user is in no list, so nobody can pause or kill pools."""


@dataclass(frozen=True)
class PgbouncerArgs:
    """``ready``: namespace, secret store, monitoring CRDs, and the Job that makes the roles."""

    spec: PgbouncerSpec
    workloads: Workloads
    bindings: Bindings
    ready: tuple[pulumi.Resource, ...] = ()


class Pgbouncer(Component):
    """A pool of server connections per pod.

    ``max_client_conn`` and the pool sizes count per pod (D22). Clients connect without TLS inside the cluster
    and prove themselves by SCRAM; towards the server the connection is TLS (``postgres_tls``). It pools the
    writer only: reads from replicas would see keys and budgets late. A changed user list is read again
    without a restart (scripts/pgbouncer.sh).

    Attributes:
        endpoint: where clients connect.
        max_prepared_statements: kept per server connection; 0 means that clients must not use named ones.
    """

    TYPE = "ai-gateway:kubernetes:Pgbouncer"

    def __init__(self, name: str, args: PgbouncerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        self.endpoint = ServiceEndpoint(RELEASE, NAMESPACE, PORT)
        self.max_prepared_statements = args.spec.max_prepared_statements
        tls = postgres_tls(self, args.bindings.postgres, NAMESPACE, args.ready)
        secrets = [self._userlist(args), self._stats(args)]
        self.release = helm_release(
            self,
            charts.PGBOUNCER,
            name=RELEASE,
            namespace=NAMESPACE,
            values=self._values(args, tls),
            removes_defaults=True,
            depends_on=[*secrets, self._account(args), *args.ready],
        )
        self.register_outputs({"host": self.endpoint.host, "port": PORT})

    def _account(self, args: PgbouncerArgs) -> k8s.core.v1.ServiceAccount:
        """An identity without rights and without a token; the chart's own mounts one."""
        return k8s.core.v1.ServiceAccount(
            f"{self.prefix}-account",
            metadata=k8s.meta.v1.ObjectMetaArgs(name=ACCOUNT, namespace=NAMESPACE, labels=own_labels()),
            automount_service_account_token=False,
            opts=self.child(depends_on=list(args.ready)),
        )

    def _userlist(self, args: PgbouncerArgs) -> k8s.apiextensions.CustomResource:
        prefix = args.bindings.secret_prefix
        lines = f'"{{{{ .username }}}}" "{{{{ .password }}}}"\n"{STATS_USER}" "{{{{ .stats }}}}"\n'
        return external_secret(
            self,
            namespace=NAMESPACE,
            name=USERLIST,
            store_key=f"{prefix}{APP_ENTRY}",
            keys={"username": "username", "password": "password"},
            more={f"{prefix}{STATS_STORE_ENTRY}": {"stats": "password"}},
            template={"userlist.txt": lines},
            depends_on=args.ready,
        )

    def _stats(self, args: PgbouncerArgs) -> k8s.apiextensions.CustomResource:
        return external_secret(
            self,
            namespace=NAMESPACE,
            name=STATS_LOGIN,
            store_key=f"{args.bindings.secret_prefix}{STATS_STORE_ENTRY}",
            keys={"password": "password"},
            template={"adminUser": STATS_USER, "adminPassword": "{{ .password }}"},
            depends_on=args.ready,
        )

    def _values(self, args: PgbouncerArgs, tls: PostgresTls) -> dict[str, object]:
        workload = args.workloads["pgbouncer"]
        labels = labels_of("pgbouncer", RELEASE)
        values: dict[str, object] = {
            "fullnameOverride": RELEASE,
            "replicaCount": workload.replicas,
            "image": {"repository": images.PGBOUNCER.repository, "tag": images.PGBOUNCER.tag},
            "command": ["/bin/sh", "-c"],
            "args": [script("pgbouncer.sh")],
            "resources": workload.container("pgbouncer").resources(),
            "updateStrategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1},
            },
            "terminationGracePeriodSeconds": GRACE_S,
            "lifecycle": {"preStop": {"exec": {"command": ["/bin/sh", "-c", PRE_STOP]}}},
            "securityContext": dict(SECCOMP),
            "serviceAccount": {"name": ACCOUNT},
            "service": {"port": PORT},
            "affinity": pod_affinity(workload, labels),
            "topologySpreadConstraints": spread_constraints(workload, labels),
            "priorityClassName": workload.priority_class,
            "podDisruptionBudget": disruption_budget(workload),
            "config": _config(args.spec, args.bindings.postgres, tls),
            "pgbouncerExporter": {
                "enabled": True,
                "podMonitor": True,
                "image": {
                    "repository": images.PGBOUNCER_EXPORTER.repository,
                    "tag": images.PGBOUNCER_EXPORTER.tag,
                },
                "auth": {"existingSecret": STATS_LOGIN},
                "resources": exact_resources(workload.container("exporter")),
                "securityContext": dict(SECCOMP),
            },
        }
        if tls.config_map is not None:
            values["extraVolumes"] = [{"name": "postgres-ca", "configMap": {"name": tls.config_map}}]
            values["extraVolumeMounts"] = [{"name": "postgres-ca", "mountPath": CA_DIR, "readOnly": True}]
        return values


def _config(spec: PgbouncerSpec, postgres: PostgresBinding, tls: PostgresTls) -> dict[str, object]:
    pooler: dict[str, object] = {
        "pool_mode": spec.pool_mode,
        "default_pool_size": spec.default_pool_size,
        "max_client_conn": spec.max_client_conn,
        "reserve_pool_size": spec.reserve_pool_size,
        "max_prepared_statements": spec.max_prepared_statements,
        "auth_type": "scram-sha-256",
        "stats_users": STATS_USER,
        "ignore_startup_parameters": IGNORED_STARTUP_PARAMETERS,
        "server_tls_sslmode": tls.mode,
        "server_lifetime": SERVER_LIFETIME_S,
        "server_connect_timeout": CONNECT_TIMEOUT_S,
        "server_login_retry": LOGIN_RETRY_S,
        **DEAD_PEER,
        "query_wait_timeout": QUERY_WAIT_TIMEOUT_S,
        # The chart has a query run after every transaction, twice the round trips to the server; the last
        # figure counts. A pooled transaction leaves nothing behind that the next one could see.
        "server_reset_query_always": 0,
        "dns_max_ttl": DNS_MAX_TTL_S,
    }
    if tls.ca_path is not None:
        pooler["server_tls_ca_file"] = tls.ca_path
    return {
        "adminUser": NO_ADMIN,
        "existingAdminSecret": STATS_LOGIN,
        "existingUserlistSecret": USERLIST,
        "databases": {
            spec.database: {
                "host": postgres.writer_host,
                "port": postgres.port,
                "dbname": postgres.database,
            }
        },
        "pgbouncer": pooler,
    }
