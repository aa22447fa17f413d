"""Options that many commands share, declared once, and what they mean together."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

Prefix = Annotated[
    str | None, typer.Option("-p", "--prefix", metavar="DIR", help="Directory of the node: pids, logs, sockets, cache.")
]
Conf = Annotated[str | None, typer.Option("-c", "--conf", metavar="FILE", help="Settings file (key = value lines).")]
Verbose = Annotated[bool, typer.Option("--v", help="Say more.", show_default=False)]
Debug = Annotated[
    bool, typer.Option("--vv", help="Say everything: versions, settings, tracebacks.", show_default=False)
]


DbTimeout = Annotated[int | None, typer.Option("--db-timeout", metavar="SECONDS", help="Overrides pg_timeout.")]
LockTimeout = Annotated[
    int, typer.Option("--lock-timeout", metavar="SECONDS", help="How long to wait for another node's migrations.")
]


def timeout_flags(db_timeout: int | None) -> dict[str, str]:
    """``--db-timeout`` as the setting it overrides (milliseconds)."""
    return {} if db_timeout is None else {"pg_timeout": str(db_timeout * 1000)}


class Format(enum.StrEnum):
    """How a command shows data."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"


Output = Annotated[Format, typer.Option("-o", "--output", help="How to show the data.")]
DataOutput = Annotated[
    Format | None,
    typer.Option("-o", "--output", help="Show data instead of the reference's lines.", show_default=False),
]


class Verbosity(enum.IntEnum):
    NORMAL = 0
    VERBOSE = 1
    DEBUG = 2

    @classmethod
    def of(cls, v: bool, vv: bool) -> Verbosity:
        return cls.DEBUG if vv else cls.VERBOSE if v else cls.NORMAL


@dataclass(frozen=True, slots=True)
class Common:
    """The options that say which node is meant and how much to say."""

    prefix: str | None = None
    conf: str | None = None
    verbosity: Verbosity = Verbosity.NORMAL

    @property
    def conf_path(self) -> Path | None:
        return None if self.conf is None else Path(self.conf)


def common(prefix: str | None, conf: str | None, v: bool, vv: bool) -> Common:
    return Common(prefix, conf, Verbosity.of(v, vv))
