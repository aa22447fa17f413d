"""A request body piece by piece, as it arrives: never waited for without end (admin-api.md 2.1)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from starlette.requests import Request

from gwctl.admin.answers import Refusal

SILENCE_SECONDS = 60.0
"""The longest pause between two pieces of a body."""

_MEBIBYTE = 1024 * 1024


async def chunks(request: Request) -> AsyncGenerator[bytes, None]:
    """The body in pieces. Raises Refusal (408) when none comes for ``SILENCE_SECONDS``."""
    stream = request.stream()
    while True:
        try:
            async with asyncio.timeout(SILENCE_SECONDS):
                chunk = await anext(stream, None)
        except TimeoutError:
            raise Refusal(408, "Request body timed out", {"Connection": "close"}) from None
        if chunk is None:
            return
        yield chunk


def too_large(most: float) -> Refusal:
    """The answer (413) to a body of more than ``most`` bytes."""
    limit = f"{most:.0f} bytes" if most % _MEBIBYTE else f"{most / _MEBIBYTE:.0f} MiB"
    return Refusal(413, f"Request body is larger than {limit}", {"Connection": "close"})
