"""Vault references as values of settings (hybrid.md 2.4): ``{vault://env/name[/key][?prefix=P][#version]}``."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote

_REFERENCE = re.compile(
    r"\{vault://(?P<vault>[^/?#{}]+)/(?P<resource>[^/?#{}]+)(/(?P<key>[^?#{}]+))?(\?(?P<query>[^#{}]*))?(#(?P<version>[0-9]+))?\}"
)


class ReferenceProblem(ValueError):
    """A reference without a value; the message is the reason in the reference's words."""


@dataclass(frozen=True, slots=True)
class Vaults:
    """The vaults that references may name, with what they read."""

    environ: Mapping[str, str]
    enabled: Sequence[str]
    env_prefix: str

    def resolve(self, reference: str) -> str:
        """The value behind ``reference``. Raises ReferenceProblem."""
        match = _REFERENCE.fullmatch(reference)
        if match is None:
            raise ReferenceProblem("not a valid reference")
        if match["vault"] != "env" or not {"env", "bundled"} & set(self.enabled):
            raise ReferenceProblem(f"could not find vault ({match['vault']})")
        value = self.environ.get(self._variable(match))
        if value is not None and match["key"]:
            value = _member(value, unquote(match["key"]))
        if value is None:
            raise ReferenceProblem("could not get value from external vault (no value found)")
        return value

    def _variable(self, match: re.Match[str]) -> str:
        query = parse_qs(match["query"] or "")
        prefix = query.get("prefix", [self.env_prefix])[-1]
        name: str = (prefix + unquote(match["resource"])).upper().replace("-", "_")
        return name + "_PREVIOUS" if match["version"] == "2" else name


def is_reference(text: str) -> bool:
    """Whether ``text`` as a whole has the shape of a reference."""
    return text.startswith("{vault://") and text.endswith("}")


def _member(document: str, key: str) -> str | None:
    try:
        value = json.loads(document)
    except ValueError:
        return None
    member: object = value.get(key) if isinstance(value, dict) else None
    if member is None or isinstance(member, str):
        return member
    return json.dumps(member)
