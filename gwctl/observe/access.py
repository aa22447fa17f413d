"""The access log: nginx's combined format and the request id, written by a thread so that no request waits."""

from __future__ import annotations

import logging
import os
import re
import threading
import time
from collections import deque
from pathlib import Path
from typing import NamedTuple

_log = logging.getLogger("gwctl.access")

_UNSAFE = re.compile(rb'[^\x20-\x7e]|["\\]')
_SAFE = bytes(byte for byte in range(0x20, 0x7F) if byte not in b'"\\')
_FLUSH_SECONDS = 0.5
_WAKE_RECORDS = 256
_WRITE_BYTES = 64 * 1024


class AccessRecord(NamedTuple):
    """What one finished request leaves behind. ``finished`` is epoch seconds, ``request`` the request line."""

    client: str
    user: bytes
    finished: float
    request: bytes
    status: int
    body_bytes: int
    referer: bytes
    user_agent: bytes
    request_id: str


def escape(value: bytes) -> str:
    """``value`` as nginx writes it: quotes, backslashes, control and 8-bit bytes as ``\\xXX``; ``-`` when empty."""
    if not value:
        return "-"
    if not value.translate(None, _SAFE):
        return value.decode("ascii")
    return _UNSAFE.sub(lambda match: b"\\x%02X" % match[0][0], value).decode("ascii")


def local_time(finished: float) -> str:
    """``31/Jan/2026:12:00:00 +0100``."""
    return time.strftime("%d/%b/%Y:%H:%M:%S %z", time.localtime(finished))


class LineFormat:
    """Turns records into lines; keeps the text of the last second."""

    def __init__(self) -> None:
        self._second = -1
        self._text = ""

    def line(self, record: AccessRecord) -> str:
        second = int(record.finished)
        if second != self._second:
            self._second, self._text = second, local_time(second)
        return (
            f"{record.client} - {escape(record.user)} [{self._text}] "
            f'"{escape(record.request)}" {record.status} {record.body_bytes} '
            f'"{escape(record.referer)}" "{escape(record.user_agent)}" kong_request_id: "{record.request_id}"\n'
        )


class AccessLog:
    """Appends lines to ``path`` within a second. At most ``most`` records wait: more are dropped and counted."""

    def __init__(self, path: Path, *, most: int = 65536) -> None:
        self._path = path
        self._most = most
        self._records: deque[AccessRecord] = deque()
        self._format = LineFormat()
        self._file = self._open()
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._closed = False
        self.dropped = 0
        self._thread = threading.Thread(target=self._run, name="access-log", daemon=True)
        self._thread.start()

    def write(self, record: AccessRecord) -> None:
        """Queue ``record``; never blocks."""
        records = self._records
        if len(records) >= self._most:
            self.dropped += 1
            return
        records.append(record)
        if len(records) % _WAKE_RECORDS == 0:
            self._wake.set()

    def flush(self) -> None:
        """Write everything that is queued, now and in this thread."""
        with self._lock:
            while self._records:
                size = min(len(self._records), _WAKE_RECORDS)
                batch = [self._records.popleft() for _ in range(size)]
                self._write("".join(map(self._format.line, batch)))

    def reopen(self) -> None:
        """Open the file again under its name, after log rotation. Raises OSError and keeps the old file."""
        self.flush()
        fresh = self._open()
        with self._lock:
            old, self._file = self._file, fresh
        os.close(old)

    def close(self) -> None:
        """Write what is queued and end the thread."""
        self._closed = True
        self._wake.set()
        self._thread.join()
        self.flush()
        os.close(self._file)

    def _open(self) -> int:
        return os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)

    def _run(self) -> None:
        while not self._closed:
            self._wake.wait(_FLUSH_SECONDS)
            self._wake.clear()
            try:
                self.flush()
            except OSError as error:
                _log.error("cannot write %s: %s", self._path, error)

    def _write(self, text: str) -> None:
        data = memoryview(text.encode("ascii", "backslashreplace"))
        while data:
            written = os.write(self._file, data[:_WRITE_BYTES])
            data = data[written:]
