"""Work in another process: forked, so that it may be any function of a test; killed without mercy."""

from __future__ import annotations

import os
import signal
import traceback
from collections.abc import Callable


class Child:
    """Runs ``work`` in a child process at once; nothing of this process is cleaned up there."""

    def __init__(self, work: Callable[[], object]) -> None:
        self._status: int | None = None
        self.pid = os.fork()
        if self.pid == 0:
            code = 1
            try:
                work()
                code = 0
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(code)

    def kill(self, number: int = signal.SIGKILL) -> None:
        if self._status is None:
            os.kill(self.pid, number)

    def wait(self) -> int:
        """The exit code, or the negative number of the signal that ended it."""
        if self._status is None:
            _, status = os.waitpid(self.pid, 0)
            self._status = os.waitstatus_to_exitcode(status)
        return self._status

    def running(self) -> bool:
        """False once it has ended."""
        if self._status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._status = os.waitstatus_to_exitcode(status)
        return self._status is None
