"""Bodies that are too large to hold: written to a file while they arrive, within a limit (admin-api.md 3.6)."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from gwctl.admin.answers import Refusal
from gwctl.admin.chunks import chunks, too_large
from gwctl.admin.encoding import MOST_ARGUMENTS

MOST_BYTES = 256 << 20
"""The largest declarative document."""
_READ_IN_VAIN = 20 << 20
"""What is read of a refused body, so that its client sees the answer instead of a reset."""
_PIECE = 1 << 18


async def receive_into(request: Request, path: Path) -> int:
    """Write the body to ``path``; returns its bytes. Raises Refusal (413, 408)."""
    total = 0
    with path.open("wb") as file:
        async for chunk in chunks(request):
            total += len(chunk)
            if total <= MOST_BYTES:
                file.write(chunk)
            elif total > MOST_BYTES + _READ_IN_VAIN:
                break
    if total > MOST_BYTES:
        raise too_large(MOST_BYTES)
    return total


async def receive_form(request: Request, path: Path, name: str) -> dict[str, str]:
    """Write the part ``name`` of a multipart body to ``path`` when there is one; returns the other fields.

    Raises Refusal (400, 413, 408).
    """
    parser = MultiPartParser(
        request.headers,
        _bounded(request),
        max_files=MOST_ARGUMENTS,
        max_fields=MOST_ARGUMENTS,
        max_part_size=MOST_BYTES,
    )
    try:
        form = await parser.parse()
    except MultiPartException as error:
        text = "Too many arguments" if error.message.startswith("Too many") else "Cannot parse multipart body"
        raise Refusal(400, text) from None
    fields: dict[str, str] = {}
    for key, value in form.multi_items():
        if key == name:
            await _write(path, value)
        elif isinstance(value, str):
            fields.setdefault(key, value)
    await form.close()
    return fields


def is_multipart(headers: Headers) -> bool:
    return headers.get("content-type", "").startswith("multipart/form-data")


async def drain(request: Request) -> None:
    """Read a body that nobody wants, as far as that is cheap."""
    total = 0
    async for chunk in chunks(request):
        total += len(chunk)
        if total > _READ_IN_VAIN:
            return


async def _write(path: Path, value: UploadFile | str) -> None:
    with path.open("wb") as file:
        if isinstance(value, str):
            file.write(value.encode())
            return
        while piece := await value.read(_PIECE):
            file.write(piece)


async def _bounded(request: Request) -> AsyncGenerator[bytes, None]:
    total = 0
    async for chunk in chunks(request):
        total += len(chunk)
        if total > MOST_BYTES + _READ_IN_VAIN:
            raise too_large(MOST_BYTES)
        yield chunk
