"""Transformations: what a valid record changes into before it is stored (admin-api.md 0.8)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from gwctl.kit.errors import GwctlError


class TransformationFailed(GwctlError):
    """A transformation could not be made of a valid record; nothing was stored."""

    code = "transformation_failed"


@dataclass(frozen=True, slots=True)
class Transformation:
    """``run`` answers the fields to replace.

    It runs when one of ``inputs`` was given, on every write when there are none. ``needs`` are fields without which an
    input has no meaning: unless all or none of them are set the record is refused. ``always`` runs also for documents
    that say that their values are transformed already.
    """

    inputs: tuple[str, ...]
    run: Callable[[Mapping[str, Any]], Mapping[str, Any]]
    needs: tuple[str, ...] = ()
    always: bool = False


def transformed(
    transformations: Iterable[Transformation],
    record: dict[str, Any],
    given: Collection[str] | None,
    *,
    raw: bool,
) -> dict[str, Any]:
    """``record`` as it is stored. ``given`` are the fields that the request named, None for all.

    With ``raw`` false its values count as transformed already. Raises TransformationFailed.
    """
    for each in transformations:
        if not raw and not each.always:
            continue
        if each.inputs and given is not None and not any(name in given for name in each.inputs):
            continue
        if each.inputs and all(record.get(name) is None for name in each.inputs):
            continue
        try:
            changes = each.run(record)
        except ValueError as error:
            raise TransformationFailed(f"transformation failed: {error}") from error
        if changes:
            record = {**record, **changes}
    return record
