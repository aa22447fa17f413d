"""Where a document is prepared: in a thread when it is small, in a process of its own when it is large."""

from __future__ import annotations

import asyncio
import logging
import os
import pickle
import sys
from pathlib import Path

import orjson

from gwctl.entities.catalog import Catalog
from gwctl.kit.errors import GwctlError
from gwctl.node.loads import LoadDirectory, Request
from gwctl.node.prepare import Prepared, prepare
from gwctl.settings import Settings

SMALL_BYTES = 1 << 20
"""Larger documents get a process of their own."""

_log = logging.getLogger("gwctl.node")


class NotPrepared(GwctlError):
    """The document could not be read for a reason that is not in it."""

    code = "not_prepared"


async def prepared(
    place: LoadDirectory, request: Request, settings: Settings, catalog: Catalog, *, now: float, current: str
) -> Prepared:
    """``prepare`` elsewhere than in the event loop. Raises NotPrepared."""
    try:
        if Path(request.source).stat().st_size <= SMALL_BYTES:
            work = lambda: prepare(place, request, catalog, now=now, current=current)  # noqa: E731
            return await asyncio.get_running_loop().run_in_executor(None, work)
    except OSError as error:
        raise NotPrepared(f"cannot read {request.name or request.source}: {error.strerror or error}") from error
    place.write_request(request)
    return await _in_child(place, pickle.dumps((settings, now, current)))


async def _in_child(place: LoadDirectory, told: bytes) -> Prepared:
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        "-m",
        "gwctl.node.prepare",
        str(place.path),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    )
    try:
        said, _ = await child.communicate(told)
    except asyncio.CancelledError:
        child.kill()
        await child.wait()
        raise
    if child.returncode != 0:
        raise NotPrepared(
            f"the process that read the document ended with code {child.returncode}",
            hint="it may have run out of memory: see the error log",
        )
    body = orjson.loads(said)
    return Prepared(**{**body, "tree": tuple(body["tree"]), "warnings": tuple(body["warnings"])})


def broken(settings: Settings, outcome: Prepared) -> GwctlError:
    """What the settings name cannot be loaded (hybrid.md 9.1)."""
    path = settings.path("declarative_config")
    what = f"file {path}" if path is not None else "string"
    lines = "\n".join(outcome.tree) or outcome.message
    return GwctlError(f"error parsing declarative config {what}:\n{lines}", code="declarative")
