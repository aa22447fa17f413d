"""Starting a supervisor as a program of its own: for a node in the background, and for the successor on SIGUSR2.

The new program reads its settings from ``.kong_env`` in the prefix; everything else is in one JSON document, and
descriptors are inherited. So the two need not be of the same version.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from gwctl.settings import Settings


@dataclass(frozen=True, slots=True)
class Sources:
    """Where settings came from, to read them anew later: conf file, flags, and the directory that paths start from."""

    conf: str = ""
    flags: dict[str, str] = field(default_factory=dict)
    directory: str = "/"

    @classmethod
    def of(cls, settings: Settings) -> Sources:
        """As they are seen from the working directory of this process."""
        conf, flags = "", {}
        for name, entry in settings.entries.items():
            if entry.origin.startswith("conf file ") and not entry.origin.endswith("/.kong_env"):
                conf = entry.origin.removeprefix("conf file ")
            elif entry.origin.startswith(("flag", "command")) and entry.raw is not None:
                flags[name] = entry.raw
        return cls(os.path.abspath(conf) if conf else "", flags, os.getcwd())


@dataclass(frozen=True, slots=True)
class Inherited:
    """A listening socket of the supervisor before."""

    family: int
    ip: str
    port: int
    descriptor: int


@dataclass(frozen=True, slots=True)
class Launch:
    """What a supervisor is told. ``reply`` is a connected socket: it says one JSON object when it is ready or has
    failed.

    ``sources`` are for a later SIGHUP. ``error_log`` empty means stderr. A ``takeover`` leaves the old supervisor its
    pid file under another name.
    """

    prefix: str
    lock: int
    reply: int
    node_id: str
    error_log: str = ""
    sources: Sources = field(default_factory=Sources)
    takeover: bool = False
    sockets: list[Inherited] = field(default_factory=list)

    def encode(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def decode(cls, text: str) -> Launch:
        """Fields of a later version are skipped."""
        body: dict[str, Any] = json.loads(text)
        known = {name: value for name, value in body.items() if name in cls.__slots__}
        known["sockets"] = [Inherited(**entry) for entry in known.get("sockets", [])]
        known["sources"] = Sources(**known.get("sources", {}))
        return cls(**known)


def spawn(launch: Launch, descriptors: Sequence[int], error_log: Path | None) -> subprocess.Popen[bytes]:
    """Start the supervisor; ``descriptors`` are all those that ``launch`` names. Its stderr goes to ``error_log``."""
    stderr = os.open(error_log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640) if error_log else None
    try:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "gwctl.node.supervise", launch.encode()],
            cwd="/" if stderr is not None else None,  # so that no directory has to stay for our sake
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL if stderr is not None else None,
            stderr=stderr,
            pass_fds=descriptors,
            start_new_session=error_log is not None,
        )
    finally:
        if stderr is not None:
            os.close(stderr)


def pair() -> tuple[socket.socket, socket.socket]:
    """The ends of a ``reply`` connection."""
    return socket.socketpair()
