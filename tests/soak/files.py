"""Deeds with configuration as files: synced, dumped, imported, and synced by processes that are killed meanwhile."""

from __future__ import annotations

import contextlib
import json
import random
import threading
import time
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import psutil
import yaml

from gwctl.cache import CacheReader
from tests.soak.documents import TAG, document, marker
from tests.soak.subjects import OWNER
from tests.tools import processes
from tests.tools.gateway import ControlPlane, DataPlane, Finished
from tests.tools.waiting import wait_for

_ENOUGH = "1000000"
_RETRY_LATER = 75
_LIFE = 6
"""Seconds that a credential lives."""


class FileDeeds:
    """``number`` is the document that the control planes hold; 0 when there is none yet."""

    def __init__(
        self, control_planes: list[ControlPlane], data_planes: list[DataPlane], url: str, rng: random.Random
    ) -> None:
        self.number = 0
        self.cut_off = {"old": 0, "new": 0}
        self._control_planes = control_planes
        self._data_planes = data_planes
        self._url = url
        self._rng = rng
        self._took = 1.0
        self._imports = 0
        self._credentials = 0

    def deeds(self) -> list[Callable[[], None]]:
        return [
            self.sync_a_document,
            self.dump_everything,
            self.import_a_file,
            self.kill_an_api_that_applies,
            self.kill_a_change_process,
            self.let_a_credential_end,
        ]

    def sync_a_document(self) -> None:
        """The next document through one control plane; the other one and the data planes have it at once."""
        self.number += 1
        path = self.file(self.number)
        began = time.monotonic()
        self._synced(path)
        self._took = time.monotonic() - began
        self._served(self.number)
        assert not self._differs(self.number)

    def dump_everything(self) -> None:
        """A dump of a moment, while others write: it holds together, and what it says of the tag is what is stored."""
        if not self.number:
            self.sync_a_document()
        directory = self._control_planes[0].place.directory
        everything = directory / "everything.yaml"
        self._gwctl("config", "dump", str(everything), "--yes")
        services = {service["name"] for service in yaml.safe_load(everything.read_text())["services"]}
        assert "steady" in services
        self._gwctl("config", "validate", str(everything))
        ours = directory / "ours.json"
        self._gwctl("config", "dump", str(ours), "--yes", "--no-ids", "--select-tag", TAG)
        same = self._gwctl("config", "diff", str(ours), "--exit-code", "--select-tag", TAG, ok=False)
        assert same.code == 0, same

    def import_a_file(self) -> None:
        """Another process writes into the database; the data planes have it without a word to a control plane."""
        self._imports += 1
        control_plane = self._rng.choice(self._control_planes)
        path = control_plane.place.directory / "imported.json"
        route = {"name": "imported", "paths": [f"/imported-{self._imports}"]}
        service = {"name": "imported", "url": self._url, "routes": [route]}
        path.write_text(json.dumps({"_format_version": "3.0", "services": [service]}))
        control_plane.gwctl("config", "db_import", str(path))
        for data_plane in self._data_planes:
            data_plane.serves(f"/imported-{self._imports}", deadline=20)

    def kill_an_api_that_applies(self) -> None:
        self._cut_off(lambda node: node.of_kind("api"), "api")

    def kill_a_change_process(self) -> None:
        self._cut_off(self._changers, None)

    def let_a_credential_end(self) -> None:
        """A key with a time to live: the caches serve it until then, and not a moment longer, without any write."""
        self._credentials += 1
        key = f"short-lived-{self._credentials}"
        control_plane = self._rng.choice(self._control_planes)
        body = {"key": key, "ttl": _LIFE}
        record = control_plane.write("POST", f"/consumers/{OWNER}/key-auth", data=body)
        end = time.time() + _LIFE
        for data_plane in self._data_planes:
            seen = wait_for(
                lambda node=data_plane: _found(node, key) or time.time() > end - 0.5,  # type: ignore[misc]
                f"{data_plane.name} has the key",
            )
            assert seen
        wait_for(lambda: time.time() > end + 0.2, "the key's time is over", deadline=2 * _LIFE)
        assert [_found(data_plane, key) for data_plane in self._data_planes] == [False] * len(self._data_planes)
        assert control_plane.ask("GET", f"/consumers/{OWNER}/key-auth/{key}").status == 404
        for data_plane in self._data_planes:
            wait_for(
                lambda node=data_plane: not _stored(node, record["id"]),  # type: ignore[misc]
                f"{data_plane.name} forgets the key{data_plane.place.last_lines()}",
                deadline=20,
            )

    def file(self, number: int) -> Path:
        path = self._control_planes[0].place.directory / f"state-{number}.json"
        path.write_text(json.dumps(document("file", number, self._url)))
        return path

    def _cut_off(self, victims: Callable[[ControlPlane], list[psutil.Process]], kind: str | None) -> None:
        """Kill what applies a document somewhere in the middle: then the old state is there, or the new one."""
        if not self.number:
            self.sync_a_document()
        node = self._rng.choice(self._control_planes)
        before = {process.pid for process in node.of_kind(kind)} if kind else set()
        done = self._applying(node, lambda: processes.kill(victims(node)))
        if kind:
            wait_for(lambda: {each.pid for each in node.of_kind(kind)} - before, f"{node.name} has a new {kind}")
        for control_plane in self._control_planes:
            wait_for(
                lambda cp=control_plane: cp.ask("GET", "/services?size=1").status == 200,  # type: ignore[misc]
                f"{control_plane.name} answers",
                deadline=20,
            )
        # The process that applies outlives its api for as long as it has nothing to say.
        wait_for(lambda: not self._orphans(), "nothing applies the document any more", deadline=30)
        self._old_or_new(done)

    def _applying(self, node: ControlPlane, kill: Callable[[], object]) -> bool:
        """Send the next document and ``kill`` meanwhile: at any time, or right when the plan is made. Whether the
        control plane has said that it is done."""
        connection = HTTPConnection("127.0.0.1", node.admin_port, timeout=90)
        body = json.dumps(document("file", self.number + 1, self._url))
        path = f"/config/apply?select_tags={TAG}&changes=0"
        last = b""
        with contextlib.closing(connection), contextlib.suppress(OSError, HTTPException):
            connection.request("POST", path, body=body, headers={"Content-Type": "application/json"})
            if self._rng.random() < 0.3:
                threading.Event().wait(self._rng.uniform(0, self._took))
                kill()
                killed = True
            else:
                killed = False
            for line in connection.getresponse():
                last = line
                if not killed:
                    threading.Event().wait(self._rng.uniform(0, 0.3))
                    kill()
                    killed = True
        return last.startswith(b'{"event":"done"')

    def _old_or_new(self, done: bool) -> None:
        found = [number for number in (self.number, self.number + 1) if not self._differs(number)]
        assert len(found) == 1, f"neither one document nor the next: {found}"
        assert not done or found != [self.number], "an acknowledged document was lost"
        self.cut_off["old" if found == [self.number] else "new"] += 1
        self.number = found[0]
        self._served(self.number)

    def _orphans(self) -> list[psutil.Process]:
        return [each for each in self._control_planes[0].place.left() if processes.name_of(each) == "changes"]

    def _changers(self, node: ControlPlane) -> list[psutil.Process]:
        return [each for each in processes.tree(node.prefix) if processes.name_of(each) == "changes"]

    def _served(self, number: int) -> None:
        for data_plane in self._data_planes:
            data_plane.serves(marker("file", number), deadline=20)
            data_plane.serves(marker("file", number - 1), 404)
            data_plane.serves(marker("file", number + 1), 404)

    def _differs(self, number: int) -> bool:
        """Whether what is stored under the tag is anything else than a document."""
        node = self._rng.choice(self._control_planes)
        answer = node.ask(
            "POST",
            f"/config/apply?dry_run=1&changes=0&select_tags={TAG}",
            data=document("file", number, self._url),
            timeout=60,
        )
        done = json.loads(answer.body.splitlines()[-1])
        assert (answer.status, done["event"]) == (200, "done"), answer.text
        return any(done[what] for what in ("created", "updated", "deleted"))

    def _synced(self, path: Path) -> None:
        """As somebody would: again when somebody else was faster."""
        for _ in range(5):
            done = self._gwctl(
                "config",
                "sync",
                str(path),
                "--select-tag",
                TAG,
                "--allow-deletes",
                _ENOUGH,
                "--color",
                "never",
                ok=False,
            )
            if done.code != _RETRY_LATER:
                break
        assert done.code == 0, done

    def _gwctl(self, *arguments: str, on: ControlPlane | None = None, ok: bool = True) -> Finished:
        node = on or self._rng.choice(self._control_planes)
        return node.gwctl(*arguments, env={"GWCTL_ADMIN_URL": node.admin}, ok=ok)


def _found(data_plane: DataPlane, key: str) -> bool:
    """Whether a request with this key would be served from the data plane's cache."""
    reader = CacheReader.open(data_plane.prefix / "dbless.lmdb")
    try:
        with reader.view() as view:
            return view.find("keyauth_credentials", "key", key) is not None
    finally:
        reader.close()


def _stored(data_plane: DataPlane, key: str) -> bool:
    reader = CacheReader.open(data_plane.prefix / "dbless.lmdb")
    try:
        with reader.view() as view:
            return view.has("keyauth_credentials", key)
    finally:
        reader.close()
