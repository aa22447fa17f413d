"""What is said about one setting: a declaration that parsing, checking, showing and documenting all read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

TRADITIONAL = "traditional"
CONTROL_PLANE = "control_plane"
DATA_PLANE = "data_plane"
ROLES = (TRADITIONAL, CONTROL_PLANE, DATA_PLANE)

CONFIGURING = (TRADITIONAL, CONTROL_PLANE)
"""The roles that own the config: database and Admin API."""

SERVING = (TRADITIONAL, DATA_PLANE)
"""The roles that proxy requests."""

CLUSTERED = (CONTROL_PLANE, DATA_PLANE)


class Kind(StrEnum):
    """How the text of a setting is read; the words are those of error messages and of the reference page."""

    BOOLEAN = "boolean"
    NGX_BOOLEAN = "ngx_boolean"
    NUMBER = "number"
    INTEGER = "integer"
    SIZE = "size"
    ARRAY = "array"
    STRING = "string"
    ENUM = "enum"
    LISTEN = "listen"
    STREAM_LISTEN = "stream_listen"
    PATH = "path"
    LOG = "log"
    CERTIFICATE = "certificate"
    CERTIFICATES = "certificates"
    COUNT_OR_AUTO = "count_or_auto"


class Status(StrEnum):
    """Whether a setting does something here. Names of the reference that are mapped to another are aliases."""

    HONOURED = "honoured"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting.

    ``default`` is text as one would write it in a conf file (None: unset), ``default_by_role`` overrides it for a role.
    ``minimum`` and ``maximum`` bound numbers (``above`` excludes its own value); ``bounds_text`` replaces the generated
    words of a violation. ``note`` says for an ignored setting why, in words that complete "<name> is ignored: ...".
    """

    name: str
    kind: Kind
    default: str | None
    help: str
    roles: tuple[str, ...] = ROLES
    default_by_role: Mapping[str, str | None] = field(default_factory=dict)
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    above: float | None = None
    bounds_text: str = ""
    secret: bool = False
    status: Status = Status.HONOURED
    note: str = ""
    flag: str = ""
    deprecated_values: tuple[str, ...] = ()

    def default_for(self, role: str) -> str | None:
        return self.default_by_role.get(role, self.default)


@dataclass(frozen=True, slots=True)
class Alias:
    """Another name of a setting; a ``deprecated`` one is told to its user."""

    name: str
    target: str
    deprecated: bool = False


@dataclass(frozen=True, slots=True)
class Namespace:
    """Names accepted with any suffix after ``prefix`` (hybrid.md 2.1); all ignored, for the reason in ``note``."""

    prefix: str
    note: str


@dataclass(frozen=True, slots=True)
class Topic:
    """One chapter of the catalogue."""

    title: str
    settings: tuple[Setting, ...]
    aliases: tuple[Alias, ...] = ()


def ignored(
    name: str,
    kind: Kind,
    default: str | None,
    help: str,
    note: str,
    *,
    choices: tuple[str, ...] = (),
    secret: bool = False,
) -> Setting:
    """A setting that is read and checked but has no effect."""
    return Setting(name, kind, default, help, choices=choices, secret=secret, status=Status.IGNORED, note=note)
