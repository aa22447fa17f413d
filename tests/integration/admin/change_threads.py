"""Change processes that are threads: the same code behind the same pipe, without a second's start for each order."""

from __future__ import annotations

import gc
import os
import subprocess
import threading
from typing import IO, Any, cast

from gwctl.changes.lines import Lines
from gwctl.changes.orders import Order
from gwctl.changes.process import ChangeProcesses
from gwctl.changes.session import serve
from gwctl.entities import Catalog
from gwctl.kit.clock import SystemClock
from gwctl.store import DatabaseConfig, Store


class ChangeThreads(ChangeProcesses):
    """Orders are carried out by threads of this process, each with a store of its own."""

    def __init__(self, config: DatabaseConfig, catalog: Catalog) -> None:
        super().__init__("", None)
        self._config = config
        self._catalog = catalog

    def _spawn(self, order: Order, document: IO[bytes] | None) -> subprocess.Popen[bytes]:
        data = b"" if document is None else document.read()
        return cast("subprocess.Popen[bytes]", _Thread(self._config, self._catalog, order, data))


class _Thread(threading.Thread):
    """What is used of `subprocess.Popen`."""

    def __init__(self, config: DatabaseConfig, catalog: Catalog, order: Order, data: bytes) -> None:
        super().__init__(daemon=True)
        read_end, self._write_end = os.pipe()
        self.stdout = open(read_end, "rb", buffering=0)  # noqa: SIM115 - closed by the transport of its reader
        self._work: tuple[Any, ...] = (config, catalog, order, data)
        self.start()

    def run(self) -> None:
        config, catalog, order, data = self._work
        try:
            store = Store.open(config, catalog, SystemClock(), pool_size=1)
            try:
                serve(order, store, lambda: data, Lines(self._write_end), SystemClock())
            except BrokenPipeError:
                pass
            finally:
                store.close()
        finally:
            gc.enable()  # a process would not need that
            os.close(self._write_end)

    def poll(self) -> int | None:
        return None if self.is_alive() else 0

    def wait(self) -> int:
        self.join()
        return 0

    def kill(self) -> None:
        """It ends when it finds its pipe closed."""
