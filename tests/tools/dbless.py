"""A node without a database: started by the installed command with a file, or with nothing to serve yet."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psutil

from tests.tools import processes
from tests.tools.client import Answer, ask
from tests.tools.gateway import Finished, Place, place_in
from tests.tools.waiting import wait_for


class Dbless:
    """Two workers in their own prefix; ``environ`` is what its commands are run with."""

    def __init__(self, place: Place, environ: Mapping[str, str] | None = None, workers: int = 2) -> None:
        self.place = place
        self.prefix = place.directory.parent / "dbless"
        self.port, self.admin_port, self.status_port = (place.ports.take() for _ in range(3))
        self.environ = {
            "KONG_PREFIX": str(self.prefix),
            "KONG_DATABASE": "off",
            "KONG_PROXY_LISTEN": f"127.0.0.1:{self.port}",
            "KONG_ADMIN_LISTEN": f"127.0.0.1:{self.admin_port}",
            "KONG_STATUS_LISTEN": f"127.0.0.1:{self.status_port}",
            "KONG_NGINX_WORKER_PROCESSES": str(workers),
            "KONG_LOG_LEVEL": "info",
            **(environ or {}),
        }

    def gwctl(self, *arguments: str, ok: bool = True, env: Mapping[str, str] | None = None) -> Finished:
        return self.place.gwctl(*arguments, env=self.environ | dict(env or {}), ok=ok)

    def file(self, text: str, name: str = "kong.yml") -> Path:
        """A file in the directory where commands run; an existing one is replaced by rename."""
        path = self.place.directory / name
        fresh = path.with_name(f"{name}.new")
        fresh.write_text(text)
        fresh.rename(path)
        return path

    def start(self) -> None:
        assert self.place.set_up("start", env=self.environ).out.splitlines()[-1] == "Kong started"

    def restart(self) -> None:
        assert self.gwctl("restart").out.splitlines()[-1] == "Kong started"

    def admin(self, method: str, path: str, **options: Any) -> Answer:
        return ask(method, f"http://127.0.0.1:{self.admin_port}{path}", **options)

    def status(self, path: str = "/status", method: str = "GET") -> Answer:
        return ask(method, f"http://127.0.0.1:{self.status_port}{path}")

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> int:
        return ask("GET", f"http://127.0.0.1:{self.port}{path}", headers=headers).status

    def post(self, text: str | bytes, query: str = "", **options: Any) -> Answer:
        """``POST /config`` with the document itself as the body."""
        body = text.encode() if isinstance(text, str) else text
        return self.admin("POST", f"/config{query}", body=body, headers={"Content-Type": "text/yaml"}, **options)

    def loaded(self, text: str | bytes) -> dict[str, Any]:
        """The records of a document that must be accepted."""
        answer = self.post(text, timeout=60)
        assert answer.status == 201, answer.text + self.log[-3000:]
        records: dict[str, Any] = answer.json()
        return records

    @property
    def hash(self) -> str:
        return str(self.admin("GET", "/status").json()["configuration_hash"])

    @property
    def log(self) -> str:
        return (self.prefix / "logs" / "error.log").read_text(errors="replace")

    def of_kind(self, kind: str) -> list[psutil.Process]:
        return processes.of_kind(self.prefix, kind)

    def again(self, kind: str, before: set[int]) -> None:
        """Wait until all processes of a kind are others than ``before`` and the node is ready."""

        def others() -> bool:
            now = {process.pid for process in self.of_kind(kind)}
            return len(now) == len(before) and not now & before and self.status("/status/ready").status == 200

        wait_for(others, f"every {kind} is a new process{self.place.last_lines()}", deadline=30)


@contextlib.contextmanager
def dbless_in(root: Path, environ: Mapping[str, str] | None = None, workers: int = 2) -> Iterator[Dbless]:
    """A started node that serves nothing yet."""
    with place_in(root) as place:
        node = Dbless(place, environ, workers)
        node.start()
        yield node
