"""Version: a position in the change log (house vocabulary)."""

from __future__ import annotations

from typing import NamedTuple


class Version(NamedTuple):
    """``lineage`` is the UUID of one life of a change log (new at bootstrap, reset and restore); ``number`` only grows.

    ``Version("", 0)`` is the version of something that never had a configuration.
    """

    lineage: str
    number: int


NO_VERSION = Version("", 0)
