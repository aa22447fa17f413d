"""Deeds with a node without a database beside the cluster: whole documents again and again, and its death meanwhile."""

from __future__ import annotations

import contextlib
import json
import random
import threading
import time
from collections.abc import Callable
from http.client import HTTPException

from tests.soak.documents import document, marker, service_names
from tests.soak.incidents import Excuse
from tests.tools import processes
from tests.tools.client import Answer
from tests.tools.dbless import Dbless
from tests.tools.waiting import wait_for

NAME = "dbless"
_GENERATIONS = 2
"""The current one, and the one before it."""


class LonelyDeeds:
    """``number`` is the document that the node serves."""

    def __init__(self, node: Dbless, url: str, excuses: list[Excuse], rng: random.Random) -> None:
        self.number = 0
        self.cut_off = {"old": 0, "new": 0}
        self._node = node
        self._url = url
        self._excuses = excuses
        self._rng = rng
        self._took = 1.0

    def deeds(self) -> list[Callable[[], None]]:
        return [
            self.post_a_document,
            self.post_bad_documents,
            self.reload_it,
            self.kill_the_node_that_loads,
            self.kill_the_loader,
        ]

    def start(self) -> None:
        self._node.start()
        self.post_a_document()

    def post_a_document(self) -> None:
        self.number += 1
        began = time.monotonic()
        self._node.loaded(self._text(self.number))
        self._took = time.monotonic() - began
        self._serves(self.number)

    def post_bad_documents(self) -> None:
        """What is refused changes nothing."""
        good = self._text(self.number + 1)
        before = self._node.hash
        for bad in (good[:-2], b"services: 3", good.replace(b'"retries": 5', b'"retries": "x"', 1), b"\xff\xfe", b"["):
            answer = self._node.post(bad, timeout=60)
            assert answer.status == 400, answer.text
        assert self._node.hash == before
        self._serves(self.number)

    def reload_it(self) -> None:
        """Every process but the supervisor is replaced; what was posted stays."""
        before = self._node.hash
        self._node.gwctl("reload")
        wait_for(lambda: self._node.hash == before, "the configuration is the same")
        self._serves(self.number)

    def kill_the_node_that_loads(self) -> None:
        """kill -9 of every process while a document is loaded; its successors serve the old one or the new one."""
        answers, sender = self._sending()
        began = time.monotonic()
        pids = processes.kill(processes.tree(self._node.prefix))
        sender.join(60)
        wait_for(lambda: not any(map(processes.alive, pids)), "the node is gone")
        self._node.start()
        wait_for(lambda: self._node.get("/steady") == 200, f"it serves again{self._node.place.last_lines()}")
        self._excuses.append(Excuse(NAME, "a killed node answers nobody", began, time.monotonic(), 1_000_000))
        self._old_or_new(answers)

    def kill_the_loader(self) -> None:
        """Traffic does not notice."""
        (loader,) = self._node.of_kind("loader")
        answers, sender = self._sending()
        processes.kill([loader])
        sender.join(60)
        self._node.again("loader", {loader.pid})
        wait_for(lambda: self._node.post("").status == 400, "the next loader takes documents", deadline=30)
        self._old_or_new(answers)

    def _sending(self) -> tuple[list[Answer], threading.Thread]:
        """The next document is on its way, for a part of the time that it needs."""
        answers: list[Answer] = []

        def send() -> None:
            with contextlib.suppress(OSError, HTTPException):  # its receiver was killed
                answers.append(self._node.post(self._text(self.number + 1), timeout=60))

        sender = threading.Thread(target=send)
        sender.start()
        threading.Event().wait(self._rng.uniform(0, max(0.2, self._took * 1.2)))
        return answers, sender

    def _old_or_new(self, answers: list[Answer]) -> None:
        def serving() -> list[int]:
            both = (self.number, self.number + 1)
            return [number for number in both if self._node.get(marker("lone", number)) == 200]

        (found,) = serving()
        acknowledged = bool(answers) and answers[0].status == 201
        assert not acknowledged or found == self.number + 1, "an acknowledged document was lost"
        self.cut_off["old" if found == self.number else "new"] += 1
        self.number = found
        self._serves(found)

    def _serves(self, number: int) -> None:
        """Every worker serves this document and the Admin API shows it."""
        for _ in range(8):
            found = [self._node.get(marker("lone", each)) for each in (number - 1, number, number + 1)]
            assert found == [404, 200, 404], (number, found)
        shown = self._node.admin("GET", "/services?size=1000").json()["data"]
        assert {service["name"] for service in shown} == service_names("lone", number) | {"steady"}

    def leaves_nothing(self) -> None:
        """Documents on their way and configurations that were cut off are swept away."""
        assert list((self._node.prefix / "loads").iterdir()) == []
        assert len(list((self._node.prefix / "dbless.lmdb").glob("*-*"))) <= _GENERATIONS

    def _text(self, number: int) -> bytes:
        return json.dumps(document("lone", number, self._url, steady=True)).encode()
