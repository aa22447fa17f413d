"""Names that fields of session had before, accepted but not shown (plugins-auth-traffic.md 3.7)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gwctl.schema import Field, fields
from gwctl.schema.deprecation import Deprecation
from gwctl.schema.shorthand import Shorthand


def _as(name: str) -> Callable[[Any], Mapping[str, Any]]:
    return lambda value: {name: value}


def _same_site(value: Any) -> Mapping[str, Any]:
    return {"cookie_same_site": "Lax" if value == "off" else value}


def _nothing(value: Any) -> Mapping[str, Any]:
    return {}


def _old(name: str, field: Field, new: str, expand: Callable[[Any], Mapping[str, Any]] | None = None) -> Shorthand:
    message = f"session: config.{name} is deprecated, please use config.{new} instead"
    deprecation = Deprecation(message=message, replaced_with=((new,),))
    return Shorthand(name, field, expand or _as(new), deprecation=deprecation)


OLD_NAMES = (
    _old("cookie_lifetime", fields.number(), "rolling_timeout"),
    _old("cookie_idletime", fields.number(), "idling_timeout"),
    _old("cookie_samesite", fields.string(one_of=("Strict", "Lax", "None", "off")), "cookie_same_site", _same_site),
    _old("cookie_httponly", fields.boolean(), "cookie_http_only"),
    _old("cookie_discard", fields.number(), "stale_ttl"),
    _old("cookie_persistent", fields.boolean(), "remember"),
    Shorthand(
        "cookie_renew",
        fields.number(),
        _nothing,
        deprecation=Deprecation(message="session: config.cookie_renew is deprecated and has no effect"),
    ),
)
