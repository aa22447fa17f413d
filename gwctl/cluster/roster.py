"""Who has which node id. A second link with the same id has the first one probed: an answer within PROBE_TIMEOUT
refuses the newcomer, silence gives it the place, so that no data plane is locked out by its own dead connection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from gwctl.cluster.protocol import PROBE_TIMEOUT
from gwctl.kit.ids import random_token

L = TypeVar("L")


@dataclass(frozen=True, slots=True)
class Grant(Generic[L]):
    link: L


@dataclass(frozen=True, slots=True)
class Refuse(Generic[L]):
    """``holder`` has the node id and is alive."""

    link: L
    holder: L


@dataclass(frozen=True, slots=True)
class Replace(Generic[L]):
    """The link did not answer and loses its node id."""

    link: L


@dataclass(frozen=True, slots=True)
class Ask(Generic[L]):
    """Probe the link with the nonce."""

    link: L
    nonce: str


@dataclass(slots=True)
class _Challenge(Generic[L]):
    link: L
    nonce: str
    deadline: float


Decision = Grant[L] | Refuse[L] | Replace[L] | Ask[L]


class Roster(Generic[L]):
    """Decides; the shell acts. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._holders: dict[str, L] = {}
        self._challenges: dict[str, _Challenge[L]] = {}

    def claim(self, node_id: str, link: L, now: float) -> list[Decision[L]]:
        """``link`` wants ``node_id``."""
        holder = self._holders.get(node_id)
        if holder is None:
            self._holders[node_id] = link
            return [Grant(link)]
        if node_id in self._challenges:
            return [Refuse(link, holder)]
        challenge = _Challenge(link, random_token(16), now + PROBE_TIMEOUT)
        self._challenges[node_id] = challenge
        return [Ask(holder, challenge.nonce)]

    def answered(self, node_id: str, link: L, nonce: str) -> list[Decision[L]]:
        """``link`` answered a probe."""
        challenge = self._challenges.get(node_id)
        if challenge is None or challenge.nonce != nonce or self._holders.get(node_id) is not link:
            return []
        del self._challenges[node_id]
        return [Refuse(challenge.link, link)]

    def left(self, node_id: str, link: L) -> list[Decision[L]]:
        """``link`` is gone."""
        challenge = self._challenges.get(node_id)
        if challenge is not None and challenge.link is link:
            del self._challenges[node_id]
        if self._holders.get(node_id) is not link:
            return []
        del self._holders[node_id]
        if challenge is None or challenge.link is link:
            return []
        del self._challenges[node_id]
        self._holders[node_id] = challenge.link
        return [Grant(challenge.link)]

    def tick(self, now: float) -> list[Decision[L]]:
        """Time has passed."""
        late = [node_id for node_id, challenge in self._challenges.items() if now >= challenge.deadline]
        decisions: list[Decision[L]] = []
        for node_id in late:
            challenge = self._challenges.pop(node_id)
            silent, self._holders[node_id] = self._holders[node_id], challenge.link
            decisions += [Replace(silent), Grant(challenge.link)]
        return decisions

    def __len__(self) -> int:
        return len(self._holders)
