"""References to secrets: ``{vault://<vault>/<resource>[/<key>][?option=value&…][#<version>]}`` (hybrid.md 2.4)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote

_START = "{vault://"
_VERSION = re.compile(r"[0-9]{1,9}")
_SLASHES = re.compile(r"/+")
_NO_VALUE = "could not get value from external vault (no value found)"


class ReferenceProblem(ValueError):
    """A reference that cannot be read, or that leads to no value; the message is the reason in the reference's words.

    It may name the reference but never the value of a secret.
    """


@dataclass(frozen=True, slots=True)
class VaultReference:
    """``vault`` is a provider's name or the prefix of a vault entity; ``options`` override the vault's config."""

    text: str
    vault: str
    resource: str
    key: str | None
    options: Mapping[str, str]
    version: int | None


def is_reference(text: object) -> bool:
    """Whether ``text`` as a whole has the shape of a reference."""
    return isinstance(text, str) and text.startswith(_START) and text.endswith("}")


def parse_reference(text: str) -> VaultReference:
    """``text`` in its parts; the last segment of a path with several is the key. Raises ReferenceProblem."""
    if not is_reference(text):
        raise ReferenceProblem(f"not a reference [{text}]")
    rest, _, fragment = text[len(_START) : -1].partition("#")
    address, _, query = rest.partition("?")
    vault, slash, path = address.partition("/")
    if not vault:
        raise ReferenceProblem(f"reference url is missing host [{text}]")
    if not slash:
        raise ReferenceProblem(f"reference url is missing path [{text}]")
    path = _SLASHES.sub("/", unquote(path)).removeprefix("/")
    if not path:
        raise ReferenceProblem(f"reference url has empty path [{text}]")
    if fragment and not _VERSION.fullmatch(fragment):
        raise ReferenceProblem(f"reference url has invalid version [{text}]")
    resource, key = _resource_and_key(path)
    options = dict(parse_qsl(query, keep_blank_values=True))
    return VaultReference(text, vault, resource, key, options, int(fragment) if fragment else None)


def _resource_and_key(path: str) -> tuple[str, str | None]:
    if path.endswith("/"):
        return path.removesuffix("/"), None
    resource, slash, key = path.rpartition("/")
    return (resource, key) if slash else (path, None)


def environment_variable(reference: VaultReference, prefix: str) -> str:
    """The name of the variable that the provider ``env`` reads."""
    name = (reference.options.get("prefix", prefix) + reference.resource).upper().replace("-", "_")
    return name + "_PREVIOUS" if reference.version == 2 else name


def secret_of(reference: VaultReference, value: str | None) -> str:
    """What ``reference`` means when its resource has ``value``: that, or one member of it. Raises ReferenceProblem."""
    if value is None:
        raise ReferenceProblem(_NO_VALUE)
    return value if reference.key is None else _member(value, reference.key)


def _member(value: str, key: str) -> str:
    failed = "could not get subfield value"
    try:
        document: Any = json.loads(value)
    except (ValueError, RecursionError):
        raise ReferenceProblem(f"{failed}: unable to json decode value") from None
    member = document.get(key) if isinstance(document, dict) else None
    if member is None:
        raise ReferenceProblem(f"{failed}: subfield {key} not found in JSON secret")
    if not isinstance(member, str):
        raise ReferenceProblem(f"{failed}: unexpected {_type_name(member)} value in JSON secret for subfield {key}")
    return member


def _type_name(value: object) -> str:
    if isinstance(value, bool):
        return "boolean"
    return "number" if isinstance(value, int | float) else "table"
