"""Deeds with configuration as files: synced, dumped, imported; and with a credential that ends by itself."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable

import yaml

from gwctl.schema.expiry import TTL
from tests.soak.documents import TAG
from tests.soak.state import State, cache_of
from tests.soak.subjects import OWNER
from tests.tools.gateway import ControlPlane, DataPlane, Finished
from tests.tools.waiting import wait_for

_ENOUGH = "1000000"
_RETRY_LATER = 75
_LIFE = 6
"""Seconds that a credential lives."""


class FileDeeds:
    def __init__(self, state: State, url: str, rng: random.Random) -> None:
        self._state = state
        self._control_planes = state.control_planes
        self._data_planes = state.data_planes
        self._url = url
        self._rng = rng
        self._imports = 0
        self._credentials = 0

    def deeds(self) -> list[Callable[[], None]]:
        return [self.sync_a_document, self.dump_everything, self.import_a_file, self.let_a_credential_end]

    def sync_a_document(self) -> None:
        """The next document through one control plane; the other one and the data planes have it at once."""
        state = self._state
        state.number += 1
        path = self._control_planes[0].place.directory / "state.json"
        path.write_text(state.text(state.number))
        began = time.monotonic()
        self._synced(str(path))
        state.took = time.monotonic() - began
        state.settle([state.number], [state.number])

    def dump_everything(self) -> None:
        """A dump of a moment, while others write: it holds together, and what it says of the tag is what is stored."""
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

    def let_a_credential_end(self) -> None:
        """A key with a time to live: the caches serve it until then, and not a moment longer, without any write."""
        self._credentials += 1
        key = f"short-lived-{self._credentials}"
        control_plane = self._rng.choice(self._control_planes)
        body = {"key": key, "ttl": _LIFE}
        record = control_plane.write("POST", f"/consumers/{OWNER}/key-auth", data=body)
        ends = [
            wait_for(lambda node=node: _end(node, record["id"]), f"{node.name} has the key")  # type: ignore[misc]
            for node in self._data_planes
        ]
        assert len(set(ends)) == 1
        late = ends[0] + 0.5
        while (now := time.time()) < late:
            for node in self._data_planes:
                assert not _found(node, key) or now < ends[0], f"{node.name} serves a key that has ended"
            time.sleep(0.02)
        assert control_plane.ask("GET", f"/consumers/{OWNER}/key-auth/{key}").status == 404
        for data_plane in self._data_planes:
            wait_for(
                lambda node=data_plane: not _stored(node, record["id"]),  # type: ignore[misc]
                f"{data_plane.name} forgets the key{data_plane.place.last_lines()}",
                deadline=20,
            )

    def _synced(self, path: str) -> None:
        """As somebody would: again when somebody else was faster."""
        for _ in range(5):
            done = self._gwctl(
                "config",
                "sync",
                path,
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
    with cache_of(data_plane) as view:
        return view.find("keyauth_credentials", "key", key) is not None


def _end(data_plane: DataPlane, key: str) -> float:
    """When the record ends by the data plane's cache; 0 when it is not there."""
    with cache_of(data_plane) as view:
        return float((view.get("keyauth_credentials", key) or {TTL: 0})[TTL])


def _stored(data_plane: DataPlane, key: str) -> bool:
    with cache_of(data_plane) as view:
        return view.has("keyauth_credentials", key)
