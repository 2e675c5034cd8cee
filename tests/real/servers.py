"""Real servers for one test: on the loopback address, on free ports, in a directory of their own, ended with
the test.

PostgreSQL and PgBouncer refuse to run as root; there they run as "nobody".
"""

from __future__ import annotations

import contextlib
import os
import pwd
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.real import programs

HOST = "127.0.0.1"

START_S = 300
"""A start on a busy machine; conditions are polled, so a quick one costs nothing."""

STOP_S = 30

OPEN_FILES = 4096
"""A thousand clients and their servers, in one process."""

UNPRIVILEGED = "nobody"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def wait_for(condition: Callable[[], object], what: str, seconds: float = START_S) -> object:
    """The condition's first true value. Raises AssertionError with ``what`` when there is none in time."""
    end = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < end, f"after {seconds} s still not: {what}"
        time.sleep(0.1)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) == 0


@dataclass(frozen=True)
class Process:
    """A running program and where its output goes."""

    popen: subprocess.Popen[bytes]
    log: Path

    def text(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def alive(self) -> bool:
        return self.popen.poll() is None


@contextmanager
def sandbox() -> Iterator[Path]:
    """A directory that the unprivileged user owns; pytest's own lies below one that it may not enter."""
    directory = Path(tempfile.mkdtemp(prefix="ai-gateway-"))
    own(directory)
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def own(path: Path) -> Path:
    """Give ``path`` to the user that servers run as."""
    if os.geteuid() == 0:
        user = pwd.getpwnam(UNPRIVILEGED)
        os.chown(path, user.pw_uid, user.pw_gid)
    return path


def unprivileged() -> Mapping[str, Any]:
    """Arguments of a subprocess."""
    if os.geteuid() != 0:
        return {}
    return {"user": UNPRIVILEGED, "group": pwd.getpwnam(UNPRIVILEGED).pw_gid}


def more_files() -> None:
    """For this process, and so for those that it starts."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    most = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


@contextmanager
def process(
    argv: Sequence[str],
    directory: Path,
    name: str,
    env: Mapping[str, str] | None = None,
    *,
    drop: bool = True,
) -> Iterator[Process]:
    """Run ``argv`` until the block ends; ``drop`` runs it as the unprivileged user."""
    more_files()
    log = directory / f"{name}.log"
    with log.open("wb") as output:
        popen = subprocess.Popen(
            list(argv),
            cwd=directory,
            env={**os.environ, **(env or {})},
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            **(unprivileged() if drop else {}),
        )
        try:
            yield Process(popen, log)
        finally:
            _stop(popen)


def _stop(popen: subprocess.Popen[bytes]) -> None:
    """Ask the program to end, then end what is left of its group: a script's watchers have no container that
    ends with the program."""
    if popen.poll() is None:
        popen.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            popen.wait(STOP_S)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(popen.pid, signal.SIGKILL)
    popen.wait(STOP_S)


def wait_until_listening(started: Process, port: int) -> None:
    """Raises AssertionError with the end of the log when the program ends or does not listen in time."""

    def ready() -> bool:
        assert started.alive(), f"{started.popen.args} ended:\n{started.text()[-4000:]}"
        return listens(port)

    try:
        wait_for(ready, f"{started.log.stem} listens on {port}")
    except AssertionError as error:
        raise AssertionError(f"{error}\n{started.text()[-4000:]}") from None


@dataclass(frozen=True)
class Authority:
    """A private certificate authority and one server certificate, for the loopback names if for no other."""

    ca: Path
    certificate: Path
    key: Path


LOOPBACK = f"DNS:localhost,IP:{HOST}"


def authority(directory: Path, name: str, names: str = LOOPBACK) -> Authority:
    """Made with openssl, for a server of these ``names``; every file belongs to the user that servers run
    as."""
    files = {part: directory / f"{name}-{part}.pem" for part in ("ca", "ca-key", "request", "server", "key")}
    extensions = directory / f"{name}.ext"
    extensions.write_text(f"subjectAltName={names}\n")
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    days = ("-days", "2")
    subject = ("-subj", f"/CN={name} test authority")
    signing = ("-CA", files["ca"], "-CAkey", files["ca-key"], "-CAcreateserial", "-extfile", extensions)
    for argv in (
        ("req", "-x509", *curve, *days, *subject, "-keyout", files["ca-key"], "-out", files["ca"]),
        ("req", *curve, "-subj", "/CN=localhost", "-keyout", files["key"], "-out", files["request"]),
        ("x509", "-req", *days, *signing, "-in", files["request"], "-out", files["server"]),
    ):
        subprocess.run(["openssl", *map(str, argv)], check=True, capture_output=True)
    for path in files.values():
        own(path)
    files["key"].chmod(0o600)
    files["ca"].chmod(0o644)
    return Authority(files["ca"], files["server"], files["key"])


ADMIN = "gateway_admin"
ADMIN_PASSWORD = "admin's p@ss/word"


@dataclass(frozen=True)
class Postgres:
    """A server with one administrator."""

    port: int
    ca: Path

    def environment(self, user: str = ADMIN, password: str = ADMIN_PASSWORD) -> dict[str, str]:
        """libpq's, with the server verified."""
        return {
            "PGHOST": "localhost",
            "PGPORT": str(self.port),
            "PGUSER": user,
            "PGPASSWORD": password,
            "PGSSLMODE": "verify-full",
            "PGSSLROOTCERT": str(self.ca),
        }

    def query(
        self, sql: str, *, database: str = "postgres", user: str = ADMIN, password: str = ADMIN_PASSWORD
    ) -> str:
        """What psql prints, unaligned; subprocess.CalledProcessError when the server refuses."""
        return psql(sql, database=database, env=self.environment(user, password))


def psql(sql: str, *, database: str, env: Mapping[str, str]) -> str:
    argv = [
        programs.command("psql", "postgres"),
        "-X",
        "-At",
        "-v",
        "ON_ERROR_STOP=1",
        "-d",
        database,
        "-c",
        sql,
    ]
    done = subprocess.run(argv, env={**os.environ, **env}, capture_output=True, text=True, timeout=START_S)
    if done.returncode != 0:
        raise subprocess.CalledProcessError(done.returncode, argv, done.stdout, done.stderr)
    return done.stdout.strip()


@contextmanager
def postgres(directory: Path, max_connections: int, **more: str) -> Iterator[Postgres]:
    """A server as the managed services set theirs: TLS, SCRAM, an administrator that is no superuser.

    ``more`` are settings on top.
    """
    signed, data, port = authority(directory, "postgres"), directory / "data", free_port()
    initdb = programs.initdb()
    argv = [initdb, "-D", str(data), "-U", "bootstrap", "-E", "UTF8", "--no-sync", "--auth=trust"]
    subprocess.run(argv, check=True, capture_output=True, cwd=directory, **unprivileged())
    access = "local all bootstrap trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n"
    (data / "pg_hba.conf").write_text(access)
    settings = {
        "listen_addresses": HOST,
        "port": port,
        "unix_socket_directories": directory,
        "max_connections": max_connections,
        "shared_buffers": "32MB",
        "fsync": "off",
        "ssl": "on",
        "ssl_cert_file": signed.certificate,
        "ssl_key_file": signed.key,
        "password_encryption": "scram-sha-256",
        **more,
    }
    flags = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    server = str(Path(initdb).with_name("postgres"))
    with process([server, "-D", str(data), *flags], directory, "postgres") as started:
        wait_until_listening(started, port)
        secret = ADMIN_PASSWORD.replace("'", "''")
        local = {"PGHOST": str(directory), "PGPORT": str(port), "PGUSER": "bootstrap"}
        psql(
            f"CREATE ROLE {ADMIN} LOGIN CREATEROLE CREATEDB PASSWORD '{secret}'",
            database="postgres",
            env=local,
        )
        yield Postgres(port, signed.ca)
