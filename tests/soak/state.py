"""The documents that the control planes hold, one after another, and how they are looked at from everywhere."""

from __future__ import annotations

import contextlib
import json
import random
from collections.abc import Callable, Iterator
from http.client import HTTPConnection, HTTPException

from gwctl.cache import CacheReader, CacheView
from tests.soak.documents import TAG, document, marker, service_names
from tests.tools import processes
from tests.tools.gateway import ControlPlane, DataPlane
from tests.tools.waiting import wait_for

PREFIX = "file"


class State:
    """``number`` is the document that the control planes hold; 0 when there is none yet."""

    def __init__(
        self, control_planes: list[ControlPlane], data_planes: list[DataPlane], url: str, rng: random.Random
    ) -> None:
        self.number = 0
        self.took = 1.0
        """Seconds that the last sync needed."""
        self.control_planes = control_planes
        self.data_planes = data_planes
        self._url = url
        self._rng = rng

    def any_control_plane(self) -> ControlPlane:
        return self._rng.choice(self.control_planes)

    def text(self, number: int) -> str:
        return json.dumps(document(PREFIX, number, self._url))

    def apply(self, node: ControlPlane, number: int, heard: Callable[[bytes], object] = lambda line: None) -> bool:
        """Send a document; ``heard`` gets every line of the answer. Whether the control plane said that it is done."""
        connection = HTTPConnection("127.0.0.1", node.admin_port, timeout=90)
        path = f"/config/apply?select_tags={TAG}&changes=0"
        last = b""
        with contextlib.closing(connection), contextlib.suppress(OSError, HTTPException):
            connection.request("POST", path, body=self.text(number), headers={"Content-Type": "application/json"})
            for line in connection.getresponse():
                last = line
                heard(line)
        return last.startswith(b'{"event":"done"')

    def settle(self, numbers: list[int], done: list[int]) -> int:
        """One of these documents is stored as a whole, and if any of them was ``done``, one of those; it is served.

        Returns that document's number.
        """
        for control_plane in self.control_planes:
            wait_for(
                lambda node=control_plane: node.ask("GET", "/services?size=1").status == 200,  # type: ignore[misc]
                f"{control_plane.name} answers",
                deadline=20,
            )
        # A process that applies outlives its api for as long as it has nothing to say.
        wait_for(lambda: not self._applying(), "nothing is applied any more", deadline=30)
        found = [number for number in numbers if not self.differs(number)]
        assert len(found) == 1, f"not one document of {numbers} as a whole: {found}"
        assert not done or found[0] in done, f"an acknowledged document was lost: {found} is stored, {done} was done"
        self.number = found[0]
        self.served()
        return self.number

    def differs(self, number: int) -> bool:
        """Whether what is stored under the tag is anything else than a document."""
        answer = self.any_control_plane().ask(
            "POST",
            f"/config/apply?dry_run=1&changes=0&select_tags={TAG}",
            body=self.text(number).encode(),
            headers={"Content-Type": "application/json"},
            timeout=60,
        )
        done = json.loads(answer.body.splitlines()[-1])
        assert (answer.status, done["event"]) == (200, "done"), answer.text
        return any(done[what] for what in ("created", "updated", "deleted"))

    def served(self) -> None:
        """Every data plane serves the document, and neither the one before nor the one after it."""
        for data_plane in self.data_planes:
            data_plane.serves(marker(PREFIX, self.number), deadline=20)
            data_plane.serves(marker(PREFIX, self.number - 1), 404)
            data_plane.serves(marker(PREFIX, self.number + 1), 404)
            assert cached(data_plane) == service_names(PREFIX, self.number)

    def _applying(self) -> bool:
        place = self.control_planes[0].place
        return any(processes.name_of(process) == "changes" for process in place.left())


@contextlib.contextmanager
def cache_of(data_plane: DataPlane) -> Iterator[CacheView]:
    """What the data plane serves from, at this moment."""
    reader = CacheReader.open(data_plane.prefix / "dbless.lmdb")
    try:
        with reader.view() as view:
            yield view
    finally:
        reader.close()


def cached(data_plane: DataPlane) -> set[str]:
    """The names of the services of a document in the data plane's cache."""
    with cache_of(data_plane) as view:
        return {str(each["name"]) for each in view.records("services") if TAG in (each["tags"] or ())}
