"""Newline-delimited JSON of an answer, object by object, in bounded memory."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from typing import Any

import orjson

_CHUNK = 256 * 1024


class JsonLines:
    """Iterates over the objects of ``response``.

    Raises ValueError for a line that is no JSON object or longer than ``longest`` bytes, and
    http.client.IncompleteRead when the answer ends before its framing says so.
    """

    def __init__(self, response: http.client.HTTPResponse, longest: int) -> None:
        self._response = response
        self._longest = longest

    def __iter__(self) -> Iterator[dict[str, Any]]:
        kept = bytearray()
        while chunk := self._response.read1(_CHUNK):
            kept += chunk
            if b"\n" in chunk:
                *lines, rest = kept.split(b"\n")
                kept = bytearray(rest)
                yield from (_object(bytes(line)) for line in lines if line.strip())
            if len(kept) > self._longest:
                raise ValueError("a line is too long")
        if self._response.length:  # what Content-Length promised and did not come
            raise http.client.IncompleteRead(bytes(kept), self._response.length)
        if kept.strip():
            yield _object(bytes(kept))


def _object(line: bytes) -> dict[str, Any]:
    value = orjson.loads(line)
    if not isinstance(value, dict):
        raise ValueError("a line is no object")
    return value
