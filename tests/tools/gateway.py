"""The installed ``gwctl`` in processes of its own: a place (home, directory, environment), nodes, and a clean end."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

import psutil

from tests.tools import forked, processes
from tests.tools.client import Answer, ask
from tests.tools.ports import Ports
from tests.tools.prepared import prepare, takes_a_copy
from tests.tools.waiting import wait_for

GWCTL = Path(sys.executable).parent / "gwctl"
_MARK = "TEST_PLACE"
_KEPT = ("PATH", "LANG", "LC_ALL", "TMPDIR", "SSL_CERT_FILE")


@dataclass(frozen=True)
class Finished:
    """How a command ended."""

    code: int
    out: str
    err: str

    def __str__(self) -> str:
        return f"exit {self.code}\nstdout: {self.out}\nstderr: {self.err}"


@dataclass(frozen=True)
class Spawned:
    """A program that goes on; what it writes (stdout and stderr) is in ``output``."""

    process: subprocess.Popen[bytes]
    output: Path

    @property
    def text(self) -> str:
        return self.output.read_text(errors="replace")

    def end(self, number: int = signal.SIGQUIT, timeout: float = 20.0) -> int:
        """Send a signal and return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(timeout)


class _Way(Protocol):
    """How a command is run: to its end, with its exit code."""

    def __call__(
        self,
        command: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str],
        stdout: IO[str],
        stderr: IO[str],
        timeout: float,
    ) -> int: ...


def _run(
    command: Sequence[str], *, cwd: Path, env: Mapping[str, str], stdout: IO[str], stderr: IO[str], timeout: float
) -> int:
    return subprocess.run(
        list(command),
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
        timeout=timeout,
        check=False,
    ).returncode


class Place:
    """Where commands run: ``directory`` is the current directory and ``home`` is HOME, both empty at first."""

    def __init__(self, root: Path, environ: Mapping[str, str] | None = None) -> None:
        self.directory = root / "walk"
        self.home = root / "home"
        for path in (self.directory, self.home):
            path.mkdir(parents=True)
        self.ports = Ports()
        self._mark = uuid.uuid4().hex
        self._running: list[Spawned] = []
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        path = f"{GWCTL.parent}{os.pathsep}{kept.get('PATH', os.defpath)}"
        self.environ = {
            **kept,
            "PATH": path,
            "HOME": str(self.home),
            "GWCTL_HOME": str(self.home / "gwctl"),
            _MARK: self._mark,
            **(environ or {}),
        }

    def gwctl(
        self,
        *arguments: str | Path,
        env: Mapping[str, str] | None = None,
        ok: bool = True,
        timeout: float = 60.0,
        directory: Path | None = None,
    ) -> Finished:
        """Run ``gwctl arguments…``, as it is installed, to its end. Fails the test on an exit code other than 0 unless
        ``ok`` is False."""
        return self._run(_run, [str(GWCTL), *map(str, arguments)], env, ok, timeout, directory)

    def set_up(
        self,
        *arguments: str | Path,
        env: Mapping[str, str] | None = None,
        ok: bool = True,
        timeout: float = 60.0,
        directory: Path | None = None,
    ) -> Finished:
        """The same in the quickest way, for what a test needs and is not about (see forked.py)."""
        words = [*map(str, arguments)]
        way: _Way = forked.run if forked.fits(words, self.environ | dict(env or {})) else _run
        return self._run(way, [str(GWCTL), *words], env, ok, timeout, directory)

    def run(
        self,
        command: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        ok: bool = True,
        timeout: float = 60.0,
        directory: Path | None = None,
    ) -> Finished:
        """Run any program to its end; the installed ``gwctl`` is found on its PATH."""
        return self._run(_run, command, env, ok, timeout, directory)

    def _run(
        self,
        way: _Way,
        command: Sequence[str],
        env: Mapping[str, str] | None,
        ok: bool,
        timeout: float,
        directory: Path | None,
    ) -> Finished:
        # Files, not pipes: a daemon that kept one end open would make a pipe wait for ever and hide the mistake.
        out, err = self.directory.parent / "stdout", self.directory.parent / "stderr"
        with out.open("w") as out_file, err.open("w") as err_file:
            code = way(
                command,
                cwd=directory or self.directory,
                env=self.environ | dict(env or {}),
                stdout=out_file,
                stderr=err_file,
                timeout=timeout,
            )
        finished = Finished(code, out.read_text(), err.read_text())
        assert not ok or code == 0, f"{' '.join(command)}: {finished}{self.last_lines()}"
        return finished

    def spawn(
        self, *arguments: str | Path, env: Mapping[str, str] | None = None, directory: Path | None = None
    ) -> Spawned:
        """Start ``gwctl arguments…`` and go on; it is ended with the place."""
        return self.spawn_program([str(GWCTL), *map(str, arguments)], env=env, directory=directory)

    def spawn_program(
        self, command: Sequence[str], *, env: Mapping[str, str] | None = None, directory: Path | None = None
    ) -> Spawned:
        output = self.directory.parent / f"spawned-{len(self._running)}.txt"
        with output.open("w") as file:
            process = subprocess.Popen(
                list(command),
                cwd=directory or self.directory,
                env=self.environ | dict(env or {}),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._running.append(Spawned(process, output))
        return self._running[-1]

    def left(self) -> list[psutil.Process]:
        """Living processes that came from this place."""
        return processes.marked(_MARK, self._mark)

    def becomes_empty(self) -> None:
        """Fail if a process stays. A stopped node gives back its lock, its last possession, just before it ends: on a
        busy machine its process is seen for a moment after the command that stopped it."""
        wait_for(lambda: not self.left(), f"every process has ended, not {self.left()}", deadline=5.0)

    def close(self) -> None:
        """End everything that is left, by pid, and wait for it."""
        for _ in range(50):
            left = self.left()
            processes.kill(left, signal.SIGKILL)
            psutil.wait_procs(left, timeout=2)
            if not left:
                break
        for spawned in self._running:
            spawned.process.wait(10)
        self.ports.release()

    def last_lines(self, count: int = 15) -> str:
        """The end of every error log below the place, for messages of failed tests."""
        parts = []
        for log in sorted(self.directory.parent.rglob("error.log")):
            lines = log.read_text(errors="replace").splitlines()[-count:]
            parts.append(f"\n--- {log}\n" + "\n".join(lines))
        return "".join(parts)


class Node:
    """A node with its own prefix and ports, told to it by the environment as an operator would."""

    role = ""
    group = ""

    def __init__(self, place: Place, name: str, environ: Mapping[str, str]) -> None:
        self.place = place
        self.name = name
        self.prefix = place.directory.parent / name
        self.environ = {"GWCTL_PREFIX": str(self.prefix), **environ}

    def start(self, *arguments: str, ok: bool = True, env: Mapping[str, str] | None = None) -> Finished:
        """Start it in the background; returns when it is ready."""
        run = self.place.set_up if ok else self.place.gwctl
        return run(self.group, "start", *arguments, "--daemon", ok=ok, env=self.environ | dict(env or {}))

    def stop(self, ok: bool = True) -> Finished:
        return self.gwctl(self.group, "stop", ok=ok)

    def reload(self, ok: bool = True) -> Finished:
        return self.gwctl(self.group, "reload", ok=ok)

    def gwctl(
        self, *arguments: str, ok: bool = True, env: Mapping[str, str] | None = None, timeout: float = 60.0
    ) -> Finished:
        return self.place.gwctl(*arguments, ok=ok, env=self.environ | dict(env or {}), timeout=timeout)

    @property
    def pid(self) -> int:
        return processes.supervisor(self.prefix)

    def of_kind(self, kind: str) -> list[psutil.Process]:
        return processes.of_kind(self.prefix, kind)

    def kill(self, kind: str | None = None) -> list[int]:
        """kill -9: every process of the node, or those of one kind."""
        return processes.kill(processes.tree(self.prefix) if kind is None else self.of_kind(kind))

    @property
    def log(self) -> str:
        path = self.prefix / "logs" / "error.log"
        return path.read_text(errors="replace") if path.exists() else ""


class ControlPlane(Node):
    role = "control_plane"
    group = "cp"

    def __init__(self, place: Place, name: str = "cp", environ: Mapping[str, str] | None = None) -> None:
        self.admin_port = place.ports.take()
        self.cluster_port = place.ports.take()
        listen = {
            "GWCTL_ADMIN_LISTEN": f"127.0.0.1:{self.admin_port}",
            "GWCTL_CLUSTER_LISTEN": f"127.0.0.1:{self.cluster_port}",
        }
        super().__init__(place, name, listen | dict(environ or {}))

    @property
    def address(self) -> str:
        return f"localhost:{self.cluster_port}"

    @property
    def admin(self) -> str:
        return f"http://127.0.0.1:{self.admin_port}"

    def bootstrap(self) -> Finished:
        return self.gwctl("migrations", "bootstrap")

    def prepare(self) -> None:
        """Give it a database to start with, in the quickest way."""
        if takes_a_copy(self.environ):
            prepare(self.prefix)
        else:
            self.bootstrap()

    def ask(self, method: str, path: str, **options: Any) -> Answer:
        return ask(method, self.admin + path, **options)

    def write(self, method: str, path: str, **options: Any) -> Any:
        """A write that must succeed; the entity as it was stored (None for a delete)."""
        answer = self.ask(method, path, **options)
        assert answer.status in (200, 201, 204), f"{method} {path}: {answer.status} {answer.text}"
        return answer.json() if answer.body else None

    def nodes(self) -> list[dict[str, Any]]:
        return list(self.ask("GET", "/clustering/data-planes").json()["data"])

    def route(self, name: str, upstream: str, path: str | None = None) -> None:
        """A service and a route to it, as the reference's documentation writes them."""
        self.write("POST", "/services", form={"name": name, "url": upstream})
        self.write("POST", f"/services/{name}/routes", form={"name": name, "paths[]": path or f"/{name}"})


class Addressed(Protocol):
    """What data planes may be linked to."""

    @property
    def address(self) -> str: ...


class DataPlane(Node):
    role = "data_plane"
    group = "dp"

    def __init__(
        self,
        place: Place,
        control_planes: Sequence[Addressed],
        name: str = "dp",
        environ: Mapping[str, str] | None = None,
        workers: int = 2,
    ) -> None:
        self.port = place.ports.take()
        self.status_port = place.ports.take()
        self.workers = workers
        self._control_planes = control_planes
        listen = {
            "GWCTL_PROXY_LISTEN": f"127.0.0.1:{self.port}",
            "GWCTL_STATUS_LISTEN": f"127.0.0.1:{self.status_port}",
        }
        super().__init__(place, name, listen | dict(environ or {}))

    def start(self, *arguments: str, ok: bool = True, env: Mapping[str, str] | None = None) -> Finished:
        addresses = [word for control_plane in self._control_planes for word in ("--cp", control_plane.address)]
        return super().start(*addresses, "--workers", str(self.workers), *arguments, ok=ok, env=env)

    def get(self, path: str, **options: Any) -> Answer:
        return ask("GET", f"http://127.0.0.1:{self.port}{path}", **options)

    def status(self, path: str = "/status") -> Answer:
        return ask("GET", f"http://127.0.0.1:{self.status_port}{path}")

    def serves(self, path: str, status: int = 200, *, deadline: float = 10.0) -> Answer:
        """Wait until ``path`` answers ``status``."""

        def answered() -> Answer | None:
            answer = self.get(path)
            return answer if answer.status == status else None

        return wait_for(answered, f"{self.name} answers {status} on {path}{self.place.last_lines()}", deadline=deadline)


@contextlib.contextmanager
def place_in(root: Path, environ: Mapping[str, str] | None = None) -> Iterator[Place]:
    """A place for one test; every process that came from it is ended."""
    place = Place(root, environ)
    try:
        yield place
    finally:
        place.close()
