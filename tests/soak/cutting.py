"""Deeds that disturb the application of a document: afterwards the old state is there or the new one, as a whole."""

from __future__ import annotations

import contextlib
import random
import threading
import time
from collections.abc import Callable, Iterator

from tests.soak.documents import service_names
from tests.soak.state import PREFIX, State, cached
from tests.tools import processes
from tests.tools.gateway import ControlPlane
from tests.tools.postgres import RunningPostgres
from tests.tools.waiting import wait_for


class CuttingDeeds:
    """``ended`` counts how often the old and the new state was there."""

    def __init__(self, state: State, database: RunningPostgres, rng: random.Random) -> None:
        self.ended = {"old": 0, "new": 0}
        self._state = state
        self._database = database
        self._rng = rng

    def deeds(self) -> list[Callable[[], None]]:
        return [
            self.kill_an_api_that_applies,
            self.kill_a_change_process,
            self.restart_the_database_while_a_document_is_applied,
            self.apply_two_documents_at_once,
            self.kill_agents_while_they_get_a_document,
        ]

    def kill_an_api_that_applies(self) -> None:
        node = self._state.any_control_plane()
        before = {process.pid for process in node.of_kind("api")}
        self._disturbed(node, lambda: node.kill("api"))
        wait_for(lambda: {each.pid for each in node.of_kind("api")} - before, f"{node.name} has a new api")

    def kill_a_change_process(self) -> None:
        node = self._state.any_control_plane()

        def kill() -> None:
            processes.kill(each for each in processes.tree(node.prefix) if processes.name_of(each) == "changes")

        self._disturbed(node, kill)

    def restart_the_database_while_a_document_is_applied(self) -> None:
        immediate = self._rng.random() < 0.5
        self._disturbed(self._state.any_control_plane(), lambda: self._database.restart(immediate=immediate))

    def apply_two_documents_at_once(self) -> None:
        """By two control planes: both one after the other, or one of them is told to try again."""
        old = self._state.number
        numbers = [old + 1, old + 2]
        done: list[int] = []

        def apply(node: ControlPlane, number: int) -> None:
            if self._state.apply(node, number):
                done.append(number)

        pairs = zip(self._state.control_planes, numbers, strict=True)
        threads = [threading.Thread(target=apply, args=pair) for pair in pairs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
        assert done, "neither of two documents was applied"
        self._state.settle(numbers, done)

    def kill_agents_while_they_get_a_document(self) -> None:
        """Their caches hold the old state or the new one at every moment, and the new one in the end."""
        old, state = self._state.number, self._state
        before = [(node, {each.pid for each in node.of_kind("agent")}) for node in state.data_planes]
        with self._watching(old, old + 1):
            done = state.apply(state.any_control_plane(), old + 1)
            threading.Event().wait(self._rng.uniform(0, 0.3))
            for node, _ in before:
                node.kill("agent")
            for node, pids in before:
                wait_for(lambda node=node, pids=pids: {a.pid for a in node.of_kind("agent")} - pids, "a new agent")  # type: ignore[misc]
        assert done
        state.settle([old + 1], [old + 1])

    def _disturbed(self, node: ControlPlane, disturb: Callable[[], object]) -> None:
        """Send the next document and ``disturb`` meanwhile: at any time, or soon after the plan was made."""
        old, new = self._state.number, self._state.number + 1
        late = threading.Event()
        timer = threading.Thread(target=lambda: (late.wait(self._rng.uniform(0, self._state.took)), disturb()))
        after_plan = self._rng.random() < 0.7

        def heard(line: bytes) -> None:
            if after_plan and line.startswith(b'{"event":"planned"'):
                time.sleep(self._rng.uniform(0, 0.6))
                disturb()

        with self._watching(old, new):
            if not after_plan:
                timer.start()
            done = self._state.apply(node, new, heard)
            if not after_plan:
                timer.join(60)
        found = self._state.settle([old, new], [new] if done else [])
        self.ended["old" if found == old else "new"] += 1

    @contextlib.contextmanager
    def _watching(self, *numbers: int) -> Iterator[None]:
        """No data plane's cache ever holds anything between these documents."""
        whole = [service_names(PREFIX, number) for number in numbers]
        over = threading.Event()
        wrong: list[str] = []

        def watch() -> None:
            while not over.wait(0.05):
                for node in self._state.data_planes:
                    if (found := cached(node)) not in whole:
                        wrong.append(f"{node.name}: {sorted(found)}")

        thread = threading.Thread(target=watch, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join(30)
        assert wrong == []
