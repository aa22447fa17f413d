"""Pages of a list: the arguments ``size``, ``offset``, ``tags`` and the link to the next page (admin-api.md 2.4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from gwctl.admin.encoding import Pairs, argument
from gwctl.schema import RecordDict
from gwctl.store.paging import DEFAULT_SIZE, MAX_SIZE, parse_size


@dataclass(frozen=True, slots=True)
class Paging:
    """What a list request asks for; ``size_text`` is the argument as given, None when absent."""

    size: int
    offset: str | None
    size_text: str | None

    @classmethod
    def parse(cls, query: Pairs, *, clamp: bool = False) -> Paging:
        """With ``clamp`` too large a size is taken as the largest. Raises EntityError; the store checks the offset."""
        text = argument(query, "size")
        offset = argument(query, "offset") or None
        if text is None:
            return cls(DEFAULT_SIZE, offset, None)
        if clamp and text.isascii() and text.isdigit() and len(text) < 20 and int(text) > MAX_SIZE:
            return cls(MAX_SIZE, offset, text)
        return cls(parse_size(text), offset, text)


def page_body(data: list[RecordDict], offset: str | None, path: str, **carried: str | None) -> dict[str, Any]:
    """The body of a list; ``carried`` are the arguments that the next link repeats, in order."""
    if offset is None:
        return {"data": data, "next": None}
    arguments = {"offset": offset, **carried}
    link = "&".join(f"{name}={quote(value, safe='')}" for name, value in arguments.items() if value is not None)
    return {"data": data, "next": f"{path}?{link}", "offset": offset}
