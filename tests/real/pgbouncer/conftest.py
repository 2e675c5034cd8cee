"""A real PostgreSQL with the application's role, and the generated pool in front of it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.harness import at, captured, plan, releases
from tests.real import programs, servers
from tests.real.pgbouncer.chart import CONFIG, USERS, pgbouncer_ini

DATABASE, USER, PASSWORD = "litellm", "litellm_app", "first p@ss"
STATS_USER, STATS_PASSWORD = "pgbouncer_stats", "stats pass"


@dataclass(frozen=True)
class Pool:
    """A running PgBouncer with the configuration of one stack."""

    port: int
    process: servers.Process
    users: Path
    values: Mapping[str, Any]

    def environment(self, user: str = USER, password: str = PASSWORD) -> dict[str, str]:
        """libpq's; clients inside the cluster use no TLS."""
        return {
            "PGHOST": servers.HOST,
            "PGPORT": str(self.port),
            "PGUSER": user,
            "PGPASSWORD": password,
            "PGSSLMODE": "disable",
        }

    def query(self, sql: str, database: str = DATABASE, **login: str) -> str:
        return servers.psql(sql, database=database, env=self.environment(**login))

    def shows(self, what: str) -> list[list[str]]:
        """Rows of PgBouncer's own statistics."""
        text = self.query(f"SHOW {what}", "pgbouncer", user=STATS_USER, password=STATS_PASSWORD)
        return [line.split("|") for line in text.splitlines()]

    def write_users(self, password: str, more: str = "") -> None:
        """As the kubelet replaces a mounted Secret: the whole file at once."""
        new = self.users.with_suffix(".new")
        new.write_text(f'"{USER}" "{password}"\n"{STATS_USER}" "{STATS_PASSWORD}"\n{more}')
        servers.own(new)
        new.replace(self.users)

    def bench(self, sql: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """pgbench with ``sql`` as every client's transaction; it stops at its first error unless told
        otherwise."""
        file = self.users.with_name("bench.sql")
        file.write_text(sql)
        argv = [
            programs.command("pgbench", "pgbouncer"),
            "-n",
            "-f",
            str(file),
            "-j",
            "2",
            *arguments,
            DATABASE,
        ]
        env = {**os.environ, **self.environment()}
        return subprocess.run(argv, env=env, capture_output=True, text=True, timeout=900)


@pytest.fixture(scope="module")
def directory() -> Iterator[Path]:
    with servers.sandbox() as found:
        yield found


@pytest.fixture(scope="module")
def postgres(directory: Path) -> Iterator[servers.Postgres]:
    """For tests that do not count its connections."""
    with database(directory, "large", "gcp") as server:
        yield server


@contextmanager
def database(directory: Path, stack: str, cloud: str) -> Iterator[servers.Postgres]:
    """With as many connections as the stack's database allows."""
    home = servers.own(Path(tempfile.mkdtemp(prefix="database-", dir=directory)))
    with servers.postgres(home, plan(stack, cloud).order.postgres.spec.max_connections) as server:
        server.query(f"CREATE ROLE {USER} LOGIN PASSWORD '{PASSWORD}'")
        server.query(f"CREATE DATABASE {DATABASE}")
        server.query(
            f"CREATE TABLE answered (client int); GRANT ALL ON answered TO {USER}", database=DATABASE
        )
        yield server


Starter = Callable[..., AbstractContextManager[Pool]]


@pytest.fixture
def start(directory: Path, postgres: servers.Postgres) -> Starter:
    """Start the pool of a stack, before ``server`` instead of the shared one; ``changes`` are set in the
    generated values."""

    @contextmanager
    def started(
        stack: str,
        cloud: str = "aws",
        ca: Path | None = None,
        server: servers.Postgres = postgres,
        **changes: object,
    ) -> Iterator[Pool]:
        values: Any = releases(captured(stack, cloud))["pgbouncer"]["values"]
        port = servers.free_port()
        home = directory / f"pool-{stack}-{cloud}-{port}"
        yield from _run(values, port, home, ca or server.ca, server.port, changes)

    return started


def _run(
    values: Any, port: int, home: Path, ca: Path, server_port: int, changes: Mapping[str, object]
) -> Iterator[Pool]:
    """The chart's file, with this machine's paths, addresses and ports for the cluster's; nothing else
    differs."""
    home.mkdir()
    servers.own(home)
    config = {
        **values["config"],
        "databases": {DATABASE: {"host": servers.HOST, "port": server_port, "dbname": DATABASE}},
    }
    config["pgbouncer"] = {**config["pgbouncer"], **changes}
    users = home / "userlist.txt"
    ini = pgbouncer_ini(config)
    for ours, here in (
        ("listen_addr = *", f"listen_addr = {servers.HOST}"),
        ("listen_port = 5432", f"listen_port = {port}"),
        (USERS, str(users)),
        (str(at(values, "config.pgbouncer.server_tls_ca_file")), str(ca)),
    ):
        assert ours in ini, f"the generated file has no {ours}"
        ini = ini.replace(ours, here)
    (home / "pgbouncer.ini").write_text(ini + "unix_socket_dir =\n")
    shutil.copy2(programs.pgbouncer(), home / "pgbouncer")
    (home / "pgbouncer").chmod(0o755)
    script = values["args"][0].replace(USERS, str(users)).replace(CONFIG, str(home / "pgbouncer.ini"))
    pool_env = {"PATH": f"{home}:{os.environ['PATH']}"}
    pool = Pool(port, None, users, values)  # type: ignore[arg-type]
    pool.write_users(PASSWORD)
    with servers.process([*values["command"], script], home, "pgbouncer", pool_env) as process:
        servers.wait_until_listening(process, port)
        yield Pool(port, process, users, values)
