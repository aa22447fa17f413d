"""The tries of a request, for log plugins (proxy.md 5)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Try:
    """A failed try. ``started`` is the wall-clock second when its peer was chosen, ``latency`` the seconds it took to
    choose. ``state`` is always ``failed``: the other word of the reference, ``next``, is for answers that their status
    keeps from being passed on, and here every status is passed on."""

    ip: str
    port: int
    state: str
    code: int
    started: float
    latency: float
