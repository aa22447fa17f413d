"""Memory of a node's processes over time, and whether it is flat."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests.tools import processes

MIB = 1024 * 1024


@dataclass
class Memory:
    """Samples of resident memory: (node, process name, pid) → [(monotonic seconds, bytes)]."""

    samples: dict[tuple[str, str, int], list[tuple[float, int]]] = field(default_factory=lambda: defaultdict(list))

    def sample(self, node: str, prefix: Path) -> None:
        try:
            tree = processes.tree(prefix)
        except (OSError, ValueError, psutil.NoSuchProcess):
            return  # the node is between two lives
        for process in tree:
            try:
                resident = process.memory_info().rss
            except psutil.NoSuchProcess:
                continue
            self.samples[node, processes.name_of(process), process.pid].append((time.monotonic(), resident))

    @contextlib.contextmanager
    def watching(self, prefixes: Mapping[str, Path], every: float = 2.0) -> Iterator[None]:
        """Sample every node (name → prefix) for as long as the block runs."""
        ended = threading.Event()

        def watch() -> None:
            while not ended.wait(every):
                for node, prefix in prefixes.items():
                    self.sample(node, prefix)

        thread = threading.Thread(target=watch, name="memory", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join(30)

    def growth(self, since: float) -> dict[str, float]:
        """MiB that each process which lived all the time since then has grown, by its name."""
        found = {}
        newest = max((times[-1][0] for times in self.samples.values()), default=0.0)
        for (node, name, pid), times in self.samples.items():
            kept = [resident for moment, resident in times if moment >= since]
            if times[0][0] > since or times[-1][0] < newest - 10 or len(kept) < 6:
                continue
            third = max(1, len(kept) // 3)
            early, late = sorted(kept[:third])[third // 2], sorted(kept[-third:])[third // 2]
            found[f"{node} {name} ({pid})"] = (late - early) / MIB
        return found
