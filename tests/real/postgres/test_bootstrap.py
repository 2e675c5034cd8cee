"""The bootstrap Job's scripts against a real PostgreSQL, twice, and what its roles may do then. D33."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.harness import captured, of_type
from tests.real import servers

MIGRATE, APP, DATABASE = "litellm_migrate", "litellm_app", "litellm"
PASSWORDS = {MIGRATE: "migrate's 1 \\ p@ss", APP: 'app\'s "2" p@ss'}
"""With what a generated password may hold, and worse."""

STACK = "large"


def job() -> Any:
    """The Job's only container, as it is deployed."""
    (found,) = [
        resource
        for resource in of_type(captured(STACK), "kubernetes:batch/v1:Job")
        if "database" in resource.name
    ]
    spec: Any = found.inputs["spec"]
    (container,) = spec["template"]["spec"]["containers"]
    return container


def scripts() -> dict[str, str]:
    """The files of the Job's ConfigMap."""
    (found,) = [
        resource
        for resource in of_type(captured(STACK), "kubernetes:core/v1:ConfigMap")
        if resource.name == "database-scripts"
    ]
    data: Any = found.inputs["data"]
    return dict(data)


@pytest.fixture(scope="module")
def directory() -> Iterator[Path]:
    with servers.sandbox() as found:
        yield found


@pytest.fixture(scope="module")
def postgres(directory: Path) -> Iterator[servers.Postgres]:
    with servers.postgres(directory, 30, log_statement="all") as server:
        yield server


def bootstrap(server: servers.Postgres, directory: Path, **passwords: str) -> str:
    """Run the Job's own command; its files stand where the test put them."""
    home = directory / "scripts"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir()
    for name, text in scripts().items():
        (home / name).write_text(text)
    container = job()
    mount = next(m["mountPath"] for m in container["volumeMounts"] if m["name"] == "scripts")
    argv = [word.replace(mount, str(home)) for word in container["command"]]
    names = {entry["name"] for entry in container["env"]}
    env = {
        **server.environment(),
        "APP_DATABASE": DATABASE,
        "PGCONNECT_TIMEOUT": "10",
        "MIGRATE_USER": MIGRATE,
        "APP_USER": APP,
        "MIGRATE_PASSWORD": passwords.get(MIGRATE, PASSWORDS[MIGRATE]),
        "APP_PASSWORD": passwords.get(APP, PASSWORDS[APP]),
    }
    assert set(env) == names, "the Job and this test give the scripts other variables"
    done = subprocess.run(
        argv, env={"PATH": os.environ["PATH"], **env}, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def as_role(server: servers.Postgres, role: str, sql: str) -> str:
    return server.query(sql, database=DATABASE, user=role, password=PASSWORDS[role])


def refused(server: servers.Postgres, role: str, sql: str) -> str:
    with pytest.raises(subprocess.CalledProcessError) as caught:
        as_role(server, role, sql)
    return str(caught.value.stderr)


@pytest.fixture(scope="module")
def ready(postgres: servers.Postgres, directory: Path) -> servers.Postgres:
    """Bootstrapped twice: before the first migration and after it, as an upgrade would."""
    bootstrap(postgres, directory)
    as_role(postgres, MIGRATE, "CREATE TABLE keys (id serial PRIMARY KEY, name text)")
    as_role(postgres, MIGRATE, "CREATE VIEW names AS SELECT name FROM keys")
    assert "are ready" in bootstrap(postgres, directory)
    return postgres


def test_the_application_reads_and_writes_rows(ready: servers.Postgres) -> None:
    assert as_role(ready, APP, "INSERT INTO keys (name) VALUES ('a') RETURNING name").splitlines()[0] == "a"
    assert as_role(ready, APP, "UPDATE keys SET name = 'b'; SELECT name FROM names").endswith("b")
    as_role(ready, APP, "DELETE FROM keys")


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE mine (id int)",
        "DROP TABLE keys",
        "ALTER TABLE keys ADD x int",
        "TRUNCATE keys",
        "CREATE SCHEMA mine",
        "CREATE TEMPORARY TABLE mine (id int)",
        "CREATE ROLE mine",
        "CREATE DATABASE mine",
        "SELECT rolpassword FROM pg_authid",
        "SET ROLE litellm_migrate",
    ],
)
def test_the_application_does_nothing_else(sql: str, ready: servers.Postgres) -> None:
    assert "permission denied" in (text := refused(ready, APP, sql)) or "must be owner" in text


def test_a_table_that_comes_later_is_the_applications_too(ready: servers.Postgres) -> None:
    as_role(ready, MIGRATE, "CREATE TABLE IF NOT EXISTS later (id serial)")
    as_role(ready, APP, "INSERT INTO later DEFAULT VALUES")


def test_neither_role_administers(ready: servers.Postgres) -> None:
    sql = f"""SELECT rolname FROM pg_roles WHERE rolname IN ('{MIGRATE}', '{APP}')
        AND (rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls)"""  # noqa: S608
    assert ready.query(sql) == ""
    assert "permission denied" in refused(ready, MIGRATE, "CREATE ROLE mine")


def test_no_other_role_enters_the_database(ready: servers.Postgres) -> None:
    ready.query("DROP ROLE IF EXISTS stranger")
    ready.query("CREATE ROLE stranger LOGIN PASSWORD 'stranger'")
    with pytest.raises(subprocess.CalledProcessError) as caught:
        ready.query("SELECT 1", database=DATABASE, user="stranger", password="stranger")
    assert "permission denied for database" in caught.value.stderr


def test_the_application_has_limits_and_the_migration_none(ready: servers.Postgres) -> None:
    for setting in ("statement_timeout", "idle_in_transaction_session_timeout", "lock_timeout"):
        assert as_role(ready, APP, f"SHOW {setting}") not in ("0", "")
        assert as_role(ready, MIGRATE, f"SHOW {setting}") == "0"


def test_passwords_are_hashed_and_rotate(ready: servers.Postgres, directory: Path) -> None:
    bootstrap(ready, directory, **{APP: "another"})
    try:
        assert ready.query("SELECT 1", database=DATABASE, user=APP, password="another") == "1"
        assert "password authentication failed" in refused(ready, APP, "SELECT 1")
        local = {"PGHOST": str(directory), "PGPORT": str(ready.port), "PGUSER": "bootstrap"}
        stored = servers.psql(
            "SELECT rolpassword FROM pg_authid WHERE rolname ~ 'litellm'", database="postgres", env=local
        )
        assert all(line.startswith("SCRAM-SHA-256$") for line in stored.splitlines())
    finally:
        bootstrap(ready, directory)


def test_the_log_holds_no_password(ready: servers.Postgres, directory: Path) -> None:
    text = (directory / "postgres.log").read_text(errors="replace")
    assert not [password for password in PASSWORDS.values() if password in text]
