"""What the hashing fields of an upstream demand of each other (admin-api.md 1.4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gwctl.schema import fields
from gwctl.schema.checks import Conditional, Distinct, EntityCheck
from gwctl.schema.shorthand import Shorthand

HASH_INPUTS = ("none", "consumer", "ip", "header", "cookie", "path", "query_arg", "uri_capture")

_REQUIRED = {"required": True}
_ONLY_NONE = {"one_of": ("none",)}
_UNHASHED = ("least-connections", "latency")
_OWN_FIELD = ("header", "query_arg", "uri_capture")


def _checks() -> Iterator[EntityCheck]:
    for field in ("hash_on", "hash_fallback"):
        yield Conditional(field, {"one_of": ("header",)}, f"{field}_header", _REQUIRED)
    for field in ("hash_on", "hash_fallback"):
        yield Conditional(field, {"one_of": ("cookie",)}, "hash_on_cookie", _REQUIRED)
    yield Conditional("hash_on", _ONLY_NONE, "hash_fallback", _ONLY_NONE)
    yield Conditional("hash_on", {"one_of": ("cookie",)}, "hash_fallback", _ONLY_NONE)
    for same in ("consumer", "ip", "path"):
        others = tuple(word for word in HASH_INPUTS if word != same)
        yield Conditional("hash_on", {"one_of": (same,)}, "hash_fallback", {"one_of": others})
    for word in ("query_arg", "uri_capture"):
        for field in ("hash_on", "hash_fallback"):
            yield Conditional(field, {"one_of": (word,)}, f"{field}_{word}", _REQUIRED)
    for word in _OWN_FIELD:
        yield Distinct((f"hash_on_{word}", f"hash_fallback_{word}"))


def _expand_algorithm(algorithm: str | None) -> Mapping[str, Any]:
    """Algorithms without hashing turn it off."""
    return {"algorithm": algorithm, "hash_on": None} if algorithm in _UNHASHED else {"algorithm": algorithm}


def _expand_hash_on(hash_on: str | None) -> Mapping[str, Any]:
    """A hash input means consistent hashing, none means round-robin."""
    if hash_on is None:
        return {"hash_on": "none"}
    return {"hash_on": hash_on, "algorithm": "round-robin" if hash_on == "none" else "consistent-hashing"}


CHECKS: tuple[EntityCheck, ...] = tuple(_checks())
SHORTHANDS = (
    Shorthand("algorithm", fields.string(), _expand_algorithm),
    Shorthand("hash_on", fields.string(), _expand_hash_on),
)
