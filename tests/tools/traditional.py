"""A node in one place, run as scripts written for the reference run it: commands and ``KONG_`` variables."""

from __future__ import annotations

from collections.abc import Mapping

import psutil

from tests.tools import processes
from tests.tools.client import ask
from tests.tools.gateway import Finished, Place
from tests.tools.prepared import prepare, takes_a_copy
from tests.tools.upstream import Upstream
from tests.tools.waiting import wait_for


class Traditional:
    """Role traditional, two workers, an embedded database in its prefix."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.prefix = place.directory.parent / "node"
        self.port, self.admin_port, self.status_port = (place.ports.take() for _ in range(3))
        self.environ = {
            "KONG_PREFIX": str(self.prefix),
            "KONG_PROXY_LISTEN": f"127.0.0.1:{self.port}",
            "KONG_ADMIN_LISTEN": f"127.0.0.1:{self.admin_port}",
            "KONG_STATUS_LISTEN": f"127.0.0.1:{self.status_port}",
            "KONG_NGINX_WORKER_PROCESSES": "2",
        }

    def gwctl(self, *arguments: str, ok: bool = True, env: Mapping[str, str] | None = None) -> Finished:
        return self.place.gwctl(*arguments, env=self.environ | dict(env or {}), ok=ok)

    def prepare(self) -> None:
        """Give it a database to start with, in the quickest way."""
        if takes_a_copy(self.environ):
            prepare(self.prefix)
        else:
            self.gwctl("migrations", "bootstrap", "-q")

    def started(self) -> None:
        self.prepare()
        assert self.place.set_up("start", env=self.environ).out.splitlines()[-1] == "Kong started"

    @property
    def pid(self) -> int:
        return processes.supervisor(self.prefix)

    @property
    def log(self) -> str:
        return (self.prefix / "logs" / "error.log").read_text(errors="replace")

    def workers(self) -> list[psutil.Process]:
        return processes.of_kind(self.prefix, "worker")

    def tree(self) -> list[psutil.Process]:
        return processes.tree(self.prefix)

    def proxied(self, upstream: Upstream) -> None:
        admin = f"http://127.0.0.1:{self.admin_port}"
        assert ask("POST", f"{admin}/services", form={"name": "one", "url": upstream.url}).status == 201
        assert ask("POST", f"{admin}/services/one/routes", form={"paths[]": "/one"}).status == 201
        self.serves()

    def serves(self) -> None:
        wait_for(lambda: ask("GET", f"http://127.0.0.1:{self.port}/one").status == 200, "the route is proxied")
