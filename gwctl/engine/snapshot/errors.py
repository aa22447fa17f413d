"""Why there is no snapshot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from gwctl.kit.errors import GwctlError


class SnapshotError(GwctlError):
    """A configuration that cannot be served; the message names the record."""

    code = "snapshot"


@contextmanager
def naming(entity: str, record: Mapping[str, Any]) -> Iterator[None]:
    """What a record lacks becomes a SnapshotError that names it."""
    try:
        yield
    except (KeyError, TypeError, ValueError) as error:
        raise SnapshotError(f"{entity} {name_of(record)} cannot be served: {error!r}") from error


def name_of(record: Mapping[str, Any]) -> str:
    return str(record.get("name") or record.get("id"))
