"""Request bodies and query arguments: JSON or a form, never trusted, always bounded (admin-api.md 2.1, 2.2)."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import orjson
from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from gwctl.admin.answers import Refusal
from gwctl.admin.chunks import chunks, too_large
from gwctl.schema import Schema

MOST_DEPTH = 100
MOST_ARGUMENTS = 1000

_READ_IN_VAIN = 20 * 1024 * 1024
"""What is read of a body that is too large, so that its client sees the answer instead of a reset."""

Pairs = Sequence[tuple[str, str]]


def _nothing() -> None:
    return None


@dataclass(frozen=True, slots=True)
class Body:
    """A decoded body: either a JSON object or the pairs of a form; both are empty when the request has none."""

    json: dict[str, Any] = field(default_factory=dict)
    form: Pairs = ()

    def values(self, schema: Schema, stored: Callable[[], Mapping[str, Any] | None] = _nothing) -> dict[str, Any]:
        """The fields of an entity: JSON literally, forms with the types of the schema.

        Those types may depend on a field that a PATCH leaves out; then ``stored`` is asked for the record.
        """
        if not self.form:
            return dict(self.json)
        variants = schema.variants
        if variants is None or any(name == variants.key for name, _ in self.form):
            return schema.decode_form(self.form)
        return schema.decode_form(self.form, key=(stored() or {}).get(variants.key))


def parse_query(text: bytes) -> Pairs:
    """The query arguments in order. Raises Refusal when there are too many."""
    return _parse_pairs(text)


def argument(query: Pairs, name: str) -> str | None:
    """The first argument of that name, or None."""
    return next((value for key, value in query if key == name), None)


async def read_body(request: Request, most: float) -> Body:
    """The body of a POST, PUT or PATCH of at most ``most`` bytes.

    Raises Refusal: 413, 415, 408 or 400 with the reference's message.
    """
    content_type = request.headers.get("content-type")
    if content_type is None:
        if await _read_bytes(request, most):
            raise Refusal(415, None)
        return Body()
    if content_type.startswith("application/json"):
        return Body(json=_parse_json(await _read_bytes(request, most)))
    if content_type.startswith("application/x-www-form-urlencoded"):
        return Body(form=_parse_pairs(await _read_bytes(request, most)))
    if content_type.startswith("multipart/form-data"):
        return Body(form=await _parse_multipart(request.headers, await _read_bytes(request, most)))
    raise Refusal(415, None)


async def _read_bytes(request: Request, most: float) -> bytes:
    length = request.headers.get("content-length", "")
    announced = int(length) if length.isdecimal() else 0
    if announced > most and "expect" in request.headers:
        raise too_large(most)
    kept: list[bytes] = []
    total = 0
    async for chunk in chunks(request):
        total += len(chunk)
        if total > max(2 * most, _READ_IN_VAIN):
            break
        if total <= most:
            kept.append(chunk)
    if total > most:
        raise too_large(most)
    return b"".join(kept)


def _parse_json(text: bytes) -> dict[str, Any]:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise Refusal(400, "Cannot parse JSON body") from None
    if not isinstance(value, dict) or _too_deep(text, value):
        raise Refusal(400, "Cannot parse JSON body")
    return value


def _too_deep(text: bytes, value: Any) -> bool:
    if text.count(b"{") + text.count(b"[") <= MOST_DEPTH:
        return False
    level: list[Any] = [value]
    for _ in range(MOST_DEPTH):
        level = [child for parent in level for child in _children(parent)]
        if not level:
            return False
    return True


def _children(value: Any) -> list[Any]:
    items = value.values() if isinstance(value, dict) else value
    return [item for item in items if isinstance(item, (dict, list))]


def _parse_pairs(text: bytes) -> Pairs:
    if text.count(b"&") >= MOST_ARGUMENTS:
        raise _too_many_arguments()
    return parse_qsl(text.decode("latin-1"), keep_blank_values=True, encoding="utf-8", errors="replace")


def _too_many_arguments() -> Refusal:
    return Refusal(400, "Too many arguments")


async def _parse_multipart(headers: Headers, text: bytes) -> Pairs:
    if not text:
        return ()

    async def stream() -> AsyncGenerator[bytes, None]:
        yield text

    parser = MultiPartParser(
        headers, stream(), max_files=MOST_ARGUMENTS, max_fields=MOST_ARGUMENTS, max_part_size=len(text)
    )
    parser.spool_max_size = len(text)  # it is in memory already
    try:
        form = await parser.parse()
    except MultiPartException as error:
        if error.message.startswith("Too many"):
            raise _too_many_arguments() from None
        raise Refusal(400, "Cannot parse multipart body") from None
    return [(name, await _part_text(value)) for name, value in form.multi_items()]


async def _part_text(value: UploadFile | str) -> str:
    if isinstance(value, str):
        return value
    try:
        return (await value.read()).decode("utf-8", "replace")
    finally:
        await value.close()
