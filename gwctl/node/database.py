"""What a process asks of the database before it starts."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import Executor

from gwctl.store import DatabaseConfig, DatabaseUnavailable, require_current

_log = logging.getLogger("gwctl.node")


async def require_database(config: DatabaseConfig, executor: Executor, *, first: bool) -> None:
    """Return when the process may start on this database.

    A database that is away is an error of the node's ``first`` start only: a process that is replaced must not be one
    more thing that is down. Raises StoreError.
    """
    try:
        await asyncio.get_running_loop().run_in_executor(executor, require_current, config)
    except DatabaseUnavailable as error:
        if first:
            raise
        _log.error("starting without the database: %s", error)
