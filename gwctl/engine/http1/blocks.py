"""Finding and checking a head before any parser sees it (reliability.md S2.1): line ends, controls, folding, limits."""

from __future__ import annotations

import re

from gwctl.engine.http1.codec import HeadLimits

_CONTROL = re.compile(rb"[\0-\x08\x0b\x0c\x0e-\x1f\x7f]")

START_LINE = "start line too long"
TOO_LARGE = "head too large"
TOO_MANY = "too many fields"


class BrokenBlock(Exception):
    """A head that must not be parsed; ``rule`` says why."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


class BlockFinder:
    """Cuts checked heads from the front of a growing buffer and refuses a hopeless one as early as possible."""

    __slots__ = ("_limits", "_scanned")

    def __init__(self, limits: HeadLimits) -> None:
        self._limits = limits
        self._scanned = 0

    def take(self, buffer: bytearray) -> bytes | None:
        """Remove and return the next head with its empty line, None while it is incomplete. Raises BrokenBlock."""
        if not buffer:
            return None
        end = buffer.find(b"\r\n\r\n", max(0, self._scanned - 3))
        if end < 0:
            check_partial(buffer, self._limits)
            self._scanned = len(buffer)
            return None
        self._scanned = 0
        block = bytes(buffer[: end + 4])
        _check_bytes(block, block.count(b"\r"))
        # h11 lets these pass in values
        if _CONTROL.search(block):
            raise BrokenBlock("control character")
        _check_size(block, self._limits)
        del buffer[: end + 4]
        return block


def check_partial(buffer: bytes | bytearray, limits: HeadLimits) -> None:
    """Refuse the beginning of a head that no continuation makes good. Raises BrokenBlock."""
    # a final CR may be half of a CRLF
    _check_bytes(buffer, buffer.count(b"\r") - buffer.endswith(b"\r"))
    if len(buffer) > limits.line:
        _check_size(bytes(buffer), limits)


def _check_bytes(block: bytes | bytearray, returns: int) -> None:
    lines = block.count(b"\r\n")
    if returns != lines or block.count(b"\n") != lines:
        raise BrokenBlock("line end")
    if b"\0" in block:
        raise BrokenBlock("NUL")
    if b"\r\n " in block or b"\r\n\t" in block:
        raise BrokenBlock("folded line")


def _check_size(block: bytes, limits: HeadLimits) -> None:
    if block.count(b"\r\n") - 2 > limits.fields:
        raise BrokenBlock(TOO_MANY)
    if len(block) <= limits.line:
        return
    start, *fields = block.split(b"\r\n")
    if len(start) >= limits.line:
        raise BrokenBlock(START_LINE)
    if len(block) > limits.total or max(map(len, fields), default=0) >= limits.line:
        raise BrokenBlock(TOO_LARGE)
