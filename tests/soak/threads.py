"""Clients that never rest: one that writes, one that walks lists while it does, and one that uploads."""

from __future__ import annotations

import threading
import time
from collections import Counter
from http.client import HTTPException

from tests.soak.subjects import Subject
from tests.tools.client import Answer, ask
from tests.tools.gateway import ControlPlane, DataPlane

_AWAY = (502, 503, 504)
"""Answers that a client gets while a process or the database is away; any other failure is a fault."""


class Client(threading.Thread):
    """Does ``step`` again and again until it is told to finish; ``wrong`` keeps what nothing explains."""

    pause = 0.05

    def __init__(self, name: str, control_planes: list[ControlPlane]) -> None:
        super().__init__(name=name, daemon=True)
        self.wrong: list[str] = []
        self.refused: Counter[str] = Counter()
        self._control_planes = control_planes
        self._ended = threading.Event()

    def run(self) -> None:
        number = 0
        while not self._ended.wait(self.pause):
            number += 1
            self.step(number)

    def step(self, number: int) -> None:
        raise NotImplementedError

    def finish(self) -> None:
        self._ended.set()
        self.join(30)

    def asked(self, number: int, method: str, path: str, **options: object) -> Answer | None:
        """The answer of a control plane by turns; None when the gateway was away."""
        control_plane = self._control_planes[number % len(self._control_planes)]
        try:
            answer = control_plane.ask(method, path, timeout=5, **options)
        except (OSError, HTTPException) as error:
            self.refused[type(error).__name__] += 1
            return None
        if answer.status in _AWAY:
            self.refused[str(answer.status)] += 1
            return None
        if answer.status not in (200, 201, 204):
            self.wrong.append(f"{method} {control_plane.name} {path}: {answer.status} {answer.text}")
        return answer


class Writer(Client):
    """Makes and removes the subjects without pause.

    Writes may fail while a control plane or the database is away (their clients are told so); what was acknowledged
    must be there in the end, so ``expected`` keeps by place what was answered, and forgets those in doubt.
    """

    def __init__(self, control_planes: list[ControlPlane], subjects: list[Subject]) -> None:
        super().__init__("writer", control_planes)
        self.expected: dict[str, bool] = {}
        self.writes = 0
        self._subjects = subjects

    def step(self, number: int) -> None:
        subject = self._subjects[number % len(self._subjects)]
        exists = not self.expected.pop(subject.look, False)
        if exists:
            answer = self.asked(number, "PUT", subject.path, data=subject.data)
        else:
            answer = self.asked(number, "DELETE", subject.path)
        if answer is not None and answer.status < 300:
            self.expected[subject.look] = exists
            self.writes += 1


class Walker(Client):
    """Walks every page of a list, whatever is written meanwhile: no record comes twice and what stays is there."""

    pause = 0.2
    lists = (
        ("/services", "steady"),
        ("/routes", "steady"),
        ("/consumers", "owner"),
        ("/plugins", None),
        ("/tags", None),
    )

    def __init__(self, control_planes: list[ControlPlane]) -> None:
        super().__init__("walker", control_planes)
        self.walks = 0

    def step(self, number: int) -> None:
        path, steady = self.lists[number % len(self.lists)]
        ids: list[str] = []
        names: set[str | None] = {None}
        following: str | None = f"{path}?size={7 + number % 50}"
        while following:
            answer = self.asked(number, "GET", following)
            if answer is None or answer.status != 200:
                return
            page = answer.json()
            ids += [str(record.get("id", record)) for record in page["data"]]
            names |= {record.get("name") or record.get("username") for record in page["data"]}
            following = page["next"]
            if len(ids) > 20_000:
                self.wrong.append(f"{path} never ends")
                return
        self.walks += 1
        if len(set(ids)) != len(ids):
            self.wrong.append(f"{path}: a record came twice in one walk")
        if steady not in names:
            self.wrong.append(f"{path}: {steady} was left out of a walk")


class Posts(threading.Thread):
    """Uploads over connections of their own; counts answers that were not an echo of what was sent."""

    def __init__(self, data_plane: DataPlane) -> None:
        super().__init__(name=f"posts {data_plane.name}", daemon=True)
        self.wrong: list[tuple[float, str]] = []
        self.sent = 0
        self._data_plane = data_plane
        self._ended = threading.Event()

    def run(self) -> None:
        body = b"0123456789abcdef" * 4096
        while not self._ended.wait(0.1):
            began = time.monotonic()
            try:
                url = f"http://127.0.0.1:{self._data_plane.port}/steady/upload"
                answer = ask("POST", url, body=body, headers={"Content-Type": "application/octet-stream"})
                right = answer.status == 200 and answer.json()["body"] == body.decode()
                reason = f"status {answer.status}"
            except (OSError, HTTPException) as error:
                right, reason = False, repr(error)
            self.sent += 1
            if not right:
                self.wrong.append((began, reason))

    def finish(self) -> None:
        self._ended.set()
        self.join(30)
