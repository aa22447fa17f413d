"""Lines of JSON into a pipe: how a change process answers."""

from __future__ import annotations

import os
from typing import Any

import orjson

_BUFFER = 64 * 1024
_WHOLE = 4096
"""A pipe takes a write of so many bytes whole or not at all (POSIX PIPE_BUF)."""


class Lines:
    """Not for two threads at a time. Raises BrokenPipeError when nobody reads any more."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._waiting = bytearray()

    def send(self, value: Any, *, flush: bool = True) -> None:
        """Write a line; without ``flush`` perhaps later."""
        self._waiting += orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)
        if flush or len(self._waiting) >= _BUFFER:
            self.flush()

    def flush(self) -> None:
        """Write what waits; blocks while the reader is slow."""
        view = memoryview(bytes(self._waiting))
        self._waiting.clear()
        while view:
            view = view[os.write(self._descriptor, view) :]

    def offer(self, value: Any) -> None:
        """Write a line unless that would have to wait: inside a transaction nobody waits for a reader."""
        line = orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)
        if len(line) > _WHOLE:
            return
        os.set_blocking(self._descriptor, False)
        try:
            os.write(self._descriptor, line)
        except BlockingIOError:
            return
        finally:
            os.set_blocking(self._descriptor, True)
