"""What the agent process does with messages of the supervisor."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from gwctl.kit.version import Version
from gwctl.node.agent import AgentProcess
from gwctl.node.messages import Message, Refused, Swapped
from tests.unit.node.doubles import assignment


class Told:
    """An agent that only listens."""

    def __init__(self) -> None:
        self.heard: list[Any] = []

    def swapped(self, version: Version, digest: int) -> None:
        self.heard.append(("swapped", version, digest))

    def unserved(self, reason: str) -> None:
        self.heard.append(("unserved", reason))


@pytest.mark.parametrize(
    ("message", "heard"),
    [
        (Swapped("L", 3, f"{10:032x}", 1), ("swapped", Version("L", 3), 10)),
        (Refused("L", 3, "services x cannot be served"), ("unserved", "services x cannot be served")),
    ],
)
def test_what_the_workers_do_reaches_the_link(tmp_path: Path, message: Message, heard: Any) -> None:
    process, agent = AgentProcess(assignment(tmp_path, "agent"), []), Told()
    asyncio.run(process.receive(message))
    process._agent = agent  # type: ignore[assignment]

    asyncio.run(process.receive(message))

    assert agent.heard == [heard]
