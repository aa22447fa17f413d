"""Starting, stopping, reloading and asking a node: what the command line calls (hybrid.md 3.2)."""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gwctl.kit.errors import GwctlError
from gwctl.node import bus, identity
from gwctl.node.access_place import require_logs
from gwctl.node.launch import Launch, Sources, pair, spawn
from gwctl.node.messages import Answer, Ask
from gwctl.node.prefix import NodeLock, NodeRunning, PrefixDirectory, PrefixError, RunningNode
from gwctl.settings import CONTROL_PLANE, DATA_PLANE, Settings

STOP_SECONDS = 20.0
"""How long a fast stop may take before the command gives up."""
BEGIN_SECONDS = 10.0
"""How long a starting node may take to say its pid."""
POLL_SECONDS = 0.02
BUS_SECONDS = 60.0

Say = Callable[[str], None]

_log = logging.getLogger("gwctl.node")
_COMMANDS = {CONTROL_PLANE: "gwctl cp", DATA_PLANE: "gwctl dp"}


class NotRunning(GwctlError):
    """No node lives in the prefix."""

    code = "not_running"


@dataclass(frozen=True, slots=True)
class Health:
    """A node as it is. ``running`` False: nobody lives in the prefix; then nothing else is known.

    ``services`` are its processes by name, True when ready; ``message`` is the one of ``/status/ready``.
    """

    prefix: Path
    running: bool
    pid: int = 0
    role: str = ""
    node_id: str = ""
    ready: bool = False
    message: str = ""
    config_hash: str | None = None
    services: dict[str, bool] = field(default_factory=dict)


def prepare(settings: Settings) -> None:
    """Create the prefix with everything a start would create, and write the settings to it. Raises PrefixError."""
    prefix = PrefixDirectory(settings.prefix)
    prefix.create(_log.info)
    prefix.write_environment(settings.dump())


def start(settings: Settings, *, daemon: bool, say: Say, document: bytes | None = None) -> int:
    """Start the node of ``settings``; returns the exit code.

    ``document`` is what ``declarative_config`` names when it came from stdin: it is kept in the prefix. With ``daemon``
    it returns when the node is ready, and otherwise when it has ended. Whatever fails is raised, with everything that
    was begun stopped again.
    """
    prefix = PrefixDirectory(settings.prefix)
    prefix.create(_log.info)
    require_logs(settings)
    _require_plugins(settings)
    require_error_templates(settings)
    try:
        lock = prefix.lock()
    except NodeRunning as error:
        raise _already_running(prefix, RunningNode(error.pid, error.role)) from None
    try:
        prefix.remove_dangling_sockets(_log.warning)
        prefix.write_environment(settings.dump())
        if document is not None:
            prefix.write_document(document)
        node_id = identity.node_id(settings, prefix)
        if daemon:
            _background(settings, prefix, lock, node_id)
            say("Kong started")
            return 0
        from gwctl.node.supervise import foreground

        return foreground(settings, prefix, lock, node_id)
    finally:
        lock.release()


def _require_plugins(settings: Settings) -> None:
    """Raises GwctlError when the setting ``plugins`` names one that nobody has; most nodes name none."""
    words = settings.words("plugins")
    if not {*words} <= {"bundled", "off"}:
        from gwctl.node.catalog import loaded_plugins

        loaded_plugins(words)


def require_error_templates(settings: Settings) -> None:
    """Raises GwctlError when an error template cannot be used; most nodes have none."""
    if any(settings.text(f"error_template_{kind}") for kind in ("html", "json", "plain", "xml")):
        from gwctl.engine import error_templates

        error_templates.require_error_templates(settings)


def _already_running(prefix: PrefixDirectory, node: RunningNode) -> NodeRunning:
    command = _COMMANDS.get(node.role)
    stop_it = f"stop it with '{command} stop'" if command else f"stop it with 'gwctl stop -p {prefix.path}'"
    who = f"it is a {node.role} node with pid {node.pid}" if node.pid else "it is just starting"
    error = NodeRunning(prefix.path, node)
    error.hint = f"{who}: {stop_it}, or give this one another prefix with -p"
    return error


def _background(settings: Settings, prefix: PrefixDirectory, lock: NodeLock, node_id: str) -> None:
    error_log = settings.path("proxy_error_log") or prefix.error_log
    ours, theirs = pair()
    with ours:
        launch = Launch(
            prefix=str(prefix.path),
            lock=lock.descriptor,
            reply=theirs.fileno(),
            node_id=node_id,
            error_log=str(error_log),
            sources=Sources.of(settings),
        )
        with theirs:
            process = spawn(launch, [lock.descriptor, theirs.fileno()], error_log)
        answer = _read_answer(ours)
        if answer is None:
            code = process.wait()
            raise GwctlError(f"the node ended with exit code {code} while it was starting", hint=f"see {error_log}")
        if "stopping" in answer:
            process.wait()
            raise GwctlError("the node was stopped while it was starting", hint="start it again")
        if "error" in answer:
            process.wait()
            raise GwctlError(answer["error"], hint=answer.get("hint"), code=answer.get("code"))
        process.returncode = 0  # it lives on without us


def _read_answer(sock: socket.socket) -> dict[str, Any] | None:
    data = b""
    while chunk := sock.recv(65536):
        data += chunk
    return json.loads(data) if data else None


def running(prefix: Path) -> int | None:
    """The supervisor's pid; None when nobody lives in the prefix."""
    node = PrefixDirectory(prefix).running()
    return node.pid if node is not None else None


def stop(prefix: Path, *, graceful: bool, timeout: float, wait: float, say: Say) -> None:
    """Stop the node and return when it is gone and its ports are free.

    ``graceful``: wait ``wait`` seconds, let requests in flight finish for ``timeout`` seconds, then stop it at once.
    Raises PrefixError, NotRunning.
    """
    directory = PrefixDirectory(prefix)
    pid = _living(directory)
    if not graceful:
        _signal(pid, signal.SIGTERM)
        _await_end(directory, STOP_SECONDS, pid)
        say("Kong stopped")
        return
    if wait > 0 and _gone_within(directory, wait):
        say("Kong stopped while waiting (unexpected)")
        return
    _signal(pid, signal.SIGQUIT)
    if _gone_within(directory, max(1.0, timeout)):
        say("Kong stopped (gracefully)")
        return
    _signal(pid, signal.SIGTERM)
    _await_end(directory, STOP_SECONDS, pid)
    say("Timeout, Kong stopped forcefully")


def reload(prefix: Path, settings: Settings, *, say: Say) -> None:
    """Give a running node new settings and return when its new processes have taken over.

    Raises NotRunning, and what the node says when it stays as it was.
    """
    directory = PrefixDirectory(prefix)
    _living(directory)
    require_logs(settings)
    _require_plugins(settings)
    require_error_templates(settings)
    directory.write_next_environment(settings.dump())
    try:
        answer = _ask(directory, Ask("reload"))
    finally:
        directory.next_environment.unlink(missing_ok=True)
    if answer.error:
        raise GwctlError(answer.error, hint=answer.hint or None)
    say("Kong reloaded")


def health(prefix: Path) -> Health:
    """How the node of a prefix is. Raises PrefixError when there is no such prefix."""
    directory = PrefixDirectory(prefix)
    _require(directory)
    node = directory.running()
    if node is None:
        return Health(directory.path, running=False)
    values = _ask(directory, Ask("status")).values
    return Health(
        prefix=directory.path,
        running=True,
        pid=node.pid,
        role=str(values.get("role", node.role)),
        node_id=str(values.get("node_id", "")),
        ready=bool(values.get("ready")),
        message=str(values.get("message", "")),
        config_hash=values.get("config_hash"),
        services={entry["name"]: bool(entry["ready"]) for entry in values.get("processes", [])},
    )


def _require(directory: PrefixDirectory) -> None:
    if not directory.exists():
        raise PrefixError(f"no such prefix: {directory.path}", hint="-p names the directory of the node")


def _living(directory: PrefixDirectory) -> int:
    """The pid of the node's supervisor; one that has only begun to start is waited for."""
    _require(directory)
    until = time.monotonic() + BEGIN_SECONDS
    while (node := directory.running()) is not None:
        if node.pid:
            return node.pid
        if time.monotonic() >= until:
            raise GwctlError(f"the node in {directory.path} has begun to start and does not go on", hint="try again")
        time.sleep(POLL_SECONDS)
    raise NotRunning(f"nginx not running in prefix: {directory.path}")


def _ask(directory: PrefixDirectory, question: Ask) -> Answer:
    try:
        answer = bus.ask(directory.bus, question, BUS_SECONDS)
    except OSError as error:
        raise GwctlError(
            f"the node in {directory.path} does not answer on {directory.bus}: {error.strerror or error}",
            hint="it may be starting or stopping: try again",
        ) from error
    if not isinstance(answer, Answer):
        raise GwctlError(f"the node in {directory.path} closed the connection", hint="its error log may say why")
    return answer


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
    except PermissionError as error:
        raise GwctlError(f"may not signal process {pid}", hint="it belongs to another user; try with sudo") from error


def _gone_within(directory: PrefixDirectory, seconds: float) -> bool:
    """Whether the node ends within ``seconds``. Its lock outlives its sockets, so then its ports are free too."""
    until = time.monotonic() + seconds
    while directory.running() is not None:
        if time.monotonic() >= until:
            return False
        time.sleep(POLL_SECONDS)
    return True


def _await_end(directory: PrefixDirectory, seconds: float, pid: int) -> None:
    if not _gone_within(directory, seconds):
        raise GwctlError(f"process {pid} did not end within {seconds:g} seconds", hint=f"kill -9 {pid}")
