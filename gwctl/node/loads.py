"""Declarative documents on their way into a cache: one directory each, below ``loads`` in the prefix of the node.

The api process writes ``body`` and asks (``Load``); the loader writes ``records`` for itself and ``answer`` for whoever
asked, who removes the directory. What a crash leaves behind is removed when the node starts again.
"""

from __future__ import annotations

import contextlib
import secrets
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

from gwctl.kit.files import write_atomic
from gwctl.node.prefix import PrefixDirectory
from gwctl.settings import Settings

STDIN_NAME = "-"
"""What a document is called that came from stdin: its type is found out, not told by a name."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be loaded.

    ``source`` is the path of the document and ``name`` what errors call it, whose end also says JSON or YAML (None:
    either). ``syntax``: "text" is the document itself, "json" and "form" are bodies that may hold it in a field.
    ``answered``: whoever asks wants the records back, or the errors as a body. ``again``: with an unchanged text the
    records stay as they are.
    """

    source: str
    syntax: str = "text"
    name: str | None = None
    check_hash: bool = False
    flatten_errors: bool = False
    answered: bool = False
    again: bool = False


class LoadDirectory:
    """The files of one load."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.body = path / "body"
        self.records = path / "records"
        self.answer = path / "answer"
        self.settings = path / "settings"
        self._request = path / "request"

    @classmethod
    def create(cls, prefix: Path) -> LoadDirectory:
        """A new one below ``prefix``, for this user only. Raises OSError."""
        above = PrefixDirectory(prefix).loads
        above.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = above / secrets.token_hex(8)
        path.mkdir(mode=0o700)
        return cls(path)

    def write_request(self, request: Request) -> None:
        write_atomic(self._request, orjson.dumps(asdict(request)), 0o600, durable=False)

    def read_request(self) -> Request:
        return Request(**orjson.loads(self._request.read_bytes()))

    def close(self) -> None:
        """Remove everything; harmless when it is gone."""
        with contextlib.suppress(OSError):
            shutil.rmtree(self.path)


def sweep(prefix: Path) -> None:
    """Remove what earlier processes have left."""
    with contextlib.suppress(OSError):
        shutil.rmtree(PrefixDirectory(prefix).loads)


def declared_request(settings: Settings, load: LoadDirectory, *, again: bool = False) -> Request | None:
    """What the settings of a node say it serves; None when they leave that to ``POST /config``.

    A text in the settings is written to the directory first. Raises OSError.
    """
    path = settings.path("declarative_config")
    if path is not None:
        own = path == PrefixDirectory(settings.prefix).document
        return Request(str(path), name=STDIN_NAME if own else str(path), again=again)
    text = settings.text("declarative_config_string")
    if not text:
        return None
    write_atomic(load.body, text, 0o600, durable=False)
    return Request(str(load.body), again=again)
