"""Opening connections: TCP and TLS within the connect timeout, with one kind of error."""

from __future__ import annotations

import asyncio
import ssl

from gwctl.engine.http1.choice import FAST, Codec
from gwctl.engine.http1.codec import HeadLimits
from gwctl.engine.tls.verifying import ChainTooLong, check_depth, words
from gwctl.engine.upstream.connection import Address, UpstreamConnection


class ConnectFailed(Exception):
    """No connection: refused, unreachable, TLS failure or, with ``timed_out``, too slow."""

    def __init__(self, reason: str, *, timed_out: bool = False) -> None:
        super().__init__(reason)
        self.timed_out = timed_out


async def open_connection(
    address: Address, seconds: float, limits: HeadLimits, codec: Codec = FAST
) -> UpstreamConnection:
    """A new connection to ``address``, within ``seconds`` including the TLS handshake. Raises ConnectFailed."""
    loop = asyncio.get_running_loop()
    tls, name = address.tls, address.sni or address.ip
    try:
        async with asyncio.timeout(seconds):
            _, connection = await loop.create_connection(
                lambda: UpstreamConnection(loop, address, codec.response_reader(limits)),
                address.ip,
                address.port,
                ssl=None if tls is None else tls.context,
                server_hostname=None if tls is None else name,
            )
    except TimeoutError:
        raise ConnectFailed("connect timed out", timed_out=True) from None
    except (OSError, ssl.SSLError, ValueError) as error:
        raise ConnectFailed(words(error, name)) from error
    if tls is not None and connection.transport is not None:
        try:
            check_depth(connection.transport.get_extra_info("ssl_object"), tls.depth)
        except ChainTooLong as error:
            connection.abort()
            raise ConnectFailed(str(error)) from error
    return connection
