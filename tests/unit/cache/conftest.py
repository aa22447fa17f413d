from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gwctl.cache import CacheWriter
from gwctl.entities import Catalog, core_catalog
from gwctl.kit.version import Version
from tests.tools.memory_feed import make_record

Fill = Callable[[CacheWriter, int, int], None]


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return core_catalog()


def key(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


@pytest.fixture
def fill(catalog: Catalog) -> Fill:
    """Writes a generation of ``count`` services at version ("L", number)."""

    def write(writer: CacheWriter, number: int, count: int) -> None:
        generation = writer.begin_generation()
        for place in range(count):
            generation.put("services", make_record(catalog, "services", id=key(place), name=f"v{number}-{place}"))
        generation.commit(Version("L", number))

    return write


class Children:
    """Python processes with this project on their path."""

    def __init__(self) -> None:
        self._running: list[subprocess.Popen[str]] = []

    def start(self, code: str, *arguments: object) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", code, *map(str, arguments)]
        root = Path(__file__).parents[3]
        child = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True, cwd=root)
        self._running.append(child)
        return child

    def end(self) -> None:
        for child in self._running:
            child.kill()
            child.wait()
            for pipe in (child.stdout, child.stdin):
                if pipe is not None:
                    pipe.close()


@pytest.fixture
def children() -> Iterator[Children]:
    made = Children()
    yield made
    made.end()
