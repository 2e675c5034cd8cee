"""The generated pool in a real PgBouncer before a real PostgreSQL. Guide 2.4, D22."""

from __future__ import annotations

import itertools
import re
import subprocess
import threading
from pathlib import Path

import pytest

from sizing.connections import connections
from tests.harness import CASES, at, plan
from tests.real import servers
from tests.real.pgbouncer.conftest import DATABASE, PASSWORD, USER, Pool, Starter, database

CLIENTS = 1000
"""Guide 2.4: ``max_client_conn``."""

ROUNDS, ROUND_S = 3, 3


def record(seconds: float) -> str:
    """A row per answered transaction, which takes so long: what PostgreSQL has can be compared with what
    clients were told. One statement: pgbench blocks while it prepares, so a client that waits for a
    connection would stop those that have one."""
    return f"INSERT INTO answered SELECT :client_id FROM pg_sleep({seconds});\n"  # noqa: S608


RECORD = record(0.05)


def per_pod(stack: str, cloud: str) -> int:
    """Server connections of one pod at most, as the model computes them for all."""
    found = plan(stack, cloud)
    figures = connections(found.requirements, found.order)
    pods, rest = (
        found.workloads["pgbouncer"].replicas,
        figures.servers % found.workloads["pgbouncer"].replicas,
    )
    assert rest == 0
    return figures.servers // pods


def recorded(server: servers.Postgres) -> int:
    return int(server.query("SELECT count(*) FROM answered", database=DATABASE))


def empty(server: servers.Postgres) -> None:
    server.query("TRUNCATE answered", database=DATABASE)


def server_connections(server: servers.Postgres) -> int:
    sql = f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{DATABASE}' AND usename = '{USER}'"  # noqa: S608
    return int(server.query(sql))


class Watch(threading.Thread):
    """The most server connections seen while it runs, asked at the server itself."""

    def __init__(self, server: servers.Postgres) -> None:
        super().__init__(daemon=True)
        self._server, self._done, self.most = server, threading.Event(), 0

    def run(self) -> None:
        while not self._done.wait(0.1):
            self.most = max(self.most, server_connections(self._server))

    def __enter__(self) -> Watch:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._done.set()
        self.join()


def answered(done: subprocess.CompletedProcess[str]) -> int:
    """Transactions that clients saw end; none may have failed."""
    assert done.returncode == 0, done.stderr[-2000:]
    failed = re.search(r"number of failed transactions: (\d+)", done.stdout)
    assert failed is None or failed[1] == "0"
    found = re.search(r"transactions actually processed: (\d+)", done.stdout)
    assert found is not None
    return int(found[1])


@pytest.mark.parametrize(("stack", "cloud"), CASES)
def test_a_thousand_clients_through_the_pool(stack: str, cloud: str, start: Starter, directory: Path) -> None:
    """None is refused, each transaction is answered once, and the server, which has the stack's own number of
    connections, sees no more of them than the model's figure."""
    with (
        database(directory, stack, cloud) as server,
        start(stack, cloud, server=server) as pool,
        Watch(server) as watch,
    ):
        assert at(pool.values, "config.pgbouncer.max_client_conn") == CLIENTS
        pool_size = at(pool.values, "config.pgbouncer.default_pool_size")
        assert isinstance(pool_size, int)
        slow = record(ROUND_S * pool_size / CLIENTS)  # so no connection is to spare
        done = pool.bench(slow, "-c", str(CLIENTS), "-t", str(ROUNDS), "-M", "prepared")
        left = server_connections(server)
        assert answered(done) == recorded(server) == CLIENTS * ROUNDS
    assert pool_size <= max(watch.most, left) <= per_pod(stack, cloud)


def test_a_client_too_many_is_refused_and_told(start: Starter) -> None:
    """So that the thousand above are known to have needed the limit."""
    with start("small", max_client_conn=10) as pool:
        done = pool.bench(RECORD, "-c", "20", "-t", "1")
    assert done.returncode != 0
    assert "no more connections allowed" in done.stderr


def test_prepared_statements_outlive_the_server_connection(start: Starter) -> None:
    """Each client prepares once and then runs on whatever connection is free."""
    with start("small", default_pool_size=5) as pool:
        done = pool.bench(RECORD, "-c", "50", "-t", "20", "-M", "prepared")
    assert answered(done) == 50 * 20


def test_without_the_setting_prepared_statements_fail(start: Starter) -> None:
    with start("small", default_pool_size=5, max_prepared_statements=0) as pool:
        done = pool.bench(RECORD, "-c", "50", "-t", "20", "-M", "prepared")
    assert "prepared statement" in done.stderr


def test_reloading_loses_no_query(start: Starter, postgres: servers.Postgres) -> None:
    """The user list changes again and again under load: nobody is disconnected, nothing is lost."""
    empty(postgres)
    with start("large") as pool:
        stop = threading.Event()

        def change() -> None:
            for turn in itertools.count():
                pool.write_users(PASSWORD, more=f'"user{turn}" "new"\n')
                if stop.wait(1):
                    return

        changing = threading.Thread(target=change, daemon=True)
        changing.start()
        done = pool.bench(RECORD, "-c", "100", "-T", "20", "-M", "prepared")
        stop.set()
        changing.join()
        log = pool.process.text()
    assert answered(done) == recorded(postgres) > 0
    assert log.count("got SIGHUP, re-reading config") >= 2


def test_a_rotated_password_is_read_without_a_restart(start: Starter, postgres: servers.Postgres) -> None:
    """Open clients stay; new ones need the new password, and so does the pool at the server."""
    with start("small") as pool:
        assert pool.query("SELECT 1") == "1"
        keeps = subprocess.Popen(
            ["psql", "-X", "-At", DATABASE],
            env={**pool.environment()},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert keeps.stdin is not None
        assert keeps.stdout is not None
        keeps.stdin.write("SELECT 'before';\n")
        keeps.stdin.flush()
        assert keeps.stdout.readline() == "before\n"
        postgres.query(f"ALTER ROLE {USER} PASSWORD 'second p@ss'")
        try:
            pool.write_users("second p@ss")
            servers.wait_for(lambda: accepted(pool, "second p@ss"), "the new password is accepted")
            assert not accepted(pool, PASSWORD)
            out, _ = keeps.communicate("SELECT 'after';\n", timeout=60)
            assert out == "after\n"
        finally:
            postgres.query(f"ALTER ROLE {USER} PASSWORD '{PASSWORD}'")


def accepted(pool: Pool, password: str) -> bool:
    try:
        return pool.query("SELECT 1", password=password) == "1"
    except subprocess.CalledProcessError:
        return False


@pytest.mark.parametrize(("stack", "cloud"), CASES)
def test_every_generated_file_is_understood(stack: str, cloud: str, start: Starter) -> None:
    """PgBouncer runs with each and takes the figures: a line it does not know stops it."""
    with start(stack, cloud) as pool:
        found = {row[0]: row[1] for row in pool.shows("CONFIG")}
        wanted = dict(pool.values["config"]["pgbouncer"])
        assert pool.query("SELECT 1") == "1"
    del wanted["server_tls_ca_file"]
    assert {name: found[name] for name in wanted} == {name: str(value) for name, value in wanted.items()}


def test_the_server_is_verified(start: Starter, directory: Path) -> None:
    """Behind another authority's certificate no server is believed."""
    other = servers.authority(directory, "other")
    for cloud in ("aws", "gcp"):
        with start("small", cloud, other.ca) as pool:
            with pytest.raises(subprocess.CalledProcessError):
                pool.query("SELECT 1")
            assert "certificate verify failed" in pool.process.text()


def test_the_statistics_user_changes_nothing(start: Starter) -> None:
    with start("small") as pool:
        assert [row[0] for row in pool.shows("POOLS")]
        with pytest.raises(subprocess.CalledProcessError) as caught:
            pool.query("PAUSE", "pgbouncer", user="pgbouncer_stats", password="stats pass")
        assert "not allowed" in caught.value.stderr or "admin access needed" in caught.value.stderr
