"""Which headers carry a trace from hop to hop (plugins-transform-observe.md 4)."""

from __future__ import annotations

from typing import Any

from gwctl.schema import Record, fields
from gwctl.schema.deprecation import Deprecation

_EXTRACTED = ("b3", "w3c", "jaeger", "ot", "datadog", "aws", "gcp")
_INJECTED = ("preserve", "b3", "b3-single", "w3c", "jaeger", "ot", "datadog", "aws", "gcp")
_DEFAULT_FORMATS = ("b3", "b3-single", "w3c", "jaeger", "ot", "datadog", "aws", "gcp")
_HEADER_TYPES = ("preserve", "ignore", "b3", "b3-single", "w3c", "jaeger", "ot", "aws", "datadog", "gcp")
_DEFAULT_HEADER_TYPES = ("b3", "b3-single", "w3c", "jaeger", "ot", "aws", "datadog", "gcp")


class Propagation(Record):
    """Where a trace is read from and where it is written to."""

    extract: tuple[str, ...] | None = fields.array(
        fields.string(one_of=_EXTRACTED), help="formats to read; the first that is there wins"
    )
    clear: tuple[str, ...] | None = fields.array(fields.string(), help="headers that are not passed on")
    inject: tuple[str, ...] | None = fields.array(
        fields.string(one_of=_INJECTED), help="formats to write; preserve is the one that was read"
    )
    default_format: str = fields.string(
        required=True, one_of=_DEFAULT_FORMATS, help="what preserve writes when nothing was read"
    )


def old_header_type(plugin: str) -> Any:
    """The field ``header_type``, obeyed as long as ``propagation`` says nothing."""
    message = f"{plugin}: config.header_type is deprecated, please use config.propagation options instead"
    return fields.string(
        default="preserve",
        one_of=_HEADER_TYPES,
        help="use propagation",
        deprecation=Deprecation(message=message, old_default="preserve"),
    )


def old_default_header_type(plugin: str) -> Any:
    """The field ``default_header_type``."""
    instead = "config.propagation.default_format"
    message = f"{plugin}: config.default_header_type is deprecated, please use {instead} instead"
    return fields.string(
        default="b3",
        one_of=_DEFAULT_HEADER_TYPES,
        help="use propagation.default_format",
        deprecation=Deprecation(message=message, old_default="b3"),
    )
