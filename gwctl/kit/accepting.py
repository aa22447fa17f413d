"""What a closed listener still owes: connections that the loop has accepted and not yet shown to anybody."""

from __future__ import annotations

import asyncio

_TURNS = 5


async def let_accepted_appear() -> None:
    """Return when every connection that was accepted before this call has reached its protocol.

    uvloop accepts in one turn of the loop and calls ``connection_made`` in a later one; a server that closes and looks
    for open connections in between cuts such a client off without an answer. TLS handshakes are not waited for. (The
    selector loop of CPython 3.11 drops such a client itself: its server refuses transports once it is closed.)
    """
    for _ in range(_TURNS):
        await asyncio.sleep(0)
