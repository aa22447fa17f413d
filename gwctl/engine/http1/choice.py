"""Which codec reads heads (setting ``http_codec``)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gwctl.engine.http1.codec import HeadLimits, RequestReader, ResponseReader
from gwctl.engine.http1.fast_readers import FastRequestReader, FastResponseReader
from gwctl.engine.http1.requests import H11RequestReader
from gwctl.engine.http1.responses import H11ResponseReader


@dataclass(frozen=True, slots=True)
class Codec:
    """Makes the readers of new connections."""

    name: str
    request_reader: Callable[[HeadLimits], RequestReader]
    response_reader: Callable[[HeadLimits], ResponseReader]


H11 = Codec("h11", H11RequestReader, H11ResponseReader)
FAST = Codec("fast", FastRequestReader, FastResponseReader)


def codec_of(name: str) -> Codec:
    """The codec of a value of ``http_codec``; ``auto`` is the fast one, which accepts nothing that h11 does not."""
    return H11 if name == "h11" else FAST
