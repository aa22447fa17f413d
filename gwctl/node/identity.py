"""Who a node is (hybrid.md 9.2): the setting ``node_id``, else ``kong.id`` in the prefix of a data plane, else random
per start."""

from __future__ import annotations

import logging
import socket

from gwctl.kit.files import write_atomic
from gwctl.kit.ids import is_uuid, new_uuid
from gwctl.node.prefix import PrefixDirectory
from gwctl.observe.logs import NOTICE
from gwctl.settings import DATA_PLANE, Settings

_log = logging.getLogger("gwctl.node")


def node_id(settings: Settings, prefix: PrefixDirectory) -> str:
    """The node's UUID; a data plane keeps it over restarts."""
    chosen = settings.text("node_id")
    if chosen:
        return chosen
    if settings.role != DATA_PLANE:
        return new_uuid()
    return _restore(prefix) or _persist(prefix, new_uuid())


def tell_kept(settings: Settings, prefix: PrefixDirectory, node_id: str) -> None:
    """Say in the node's own log that its id is the one its prefix keeps, as the reference does."""
    if settings.role == DATA_PLANE and not settings.text("node_id") and _restore(prefix) == node_id:
        _log.log(NOTICE, "restored node_id from the filesystem: %s", node_id)


def hostname() -> str:
    return socket.gethostname()


def _restore(prefix: PrefixDirectory) -> str | None:
    path = prefix.identity
    try:
        text = path.read_text(encoding="ascii", errors="replace").strip()
    except FileNotFoundError:
        return None
    except OSError as error:
        _log.warning(
            "failed to restore node_id from the filesystem: %s: %s, so a new one will be generated",
            path,
            error.strerror,
        )
        return None
    if not is_uuid(text):
        _log.debug("file %s contains invalid uuid: %s", path, text)
        return None
    return text.lower()


def _persist(prefix: PrefixDirectory, fresh: str) -> str:
    _log.debug("persisting node_id (%s) to %s", fresh, prefix.identity)
    try:
        write_atomic(prefix.identity, fresh)
    except OSError as error:
        _log.warning(
            "cannot keep node_id in %s: %s; the node is a new one after each start", prefix.identity, error.strerror
        )
    return fresh
