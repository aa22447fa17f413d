"""From the text of a setting to its value, by kind."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import TypeAlias

from gwctl.settings.declaration import Kind, Setting
from gwctl.settings.listeners import Listener, ListenSyntaxError, parse_listen

Value: TypeAlias = bool | int | float | str | tuple[str, ...] | tuple[Listener, ...]

_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_SIZE = re.compile(r"([0-9]+)([kKmMgG]?)")
_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
_SWITCH = {"on": True, "true": True, "off": False, "false": False}


class ValueProblem(ValueError):
    """A text that does not fit its setting; the message names the setting, as the reference does."""


def parse_value(setting: Setting, text: str) -> Value:
    """The value of ``text`` (not empty, trimmed). Raises ValueProblem."""
    return _PARSERS[setting.kind](setting, text)


def split_items(text: str) -> tuple[str, ...]:
    """The comma-separated items of an array, trimmed, without empty ones."""
    return tuple(item for item in (part.strip() for part in text.split(",")) if item)


def size_in_bytes(text: str) -> int:
    """Bytes of ``8k``, ``128m``, ``1g`` or a plain number. Raises ValueError."""
    match = _SIZE.fullmatch(text)
    if match is None:
        raise ValueError(text)
    return int(match[1]) * _UNITS[match[2].lower()]


def number_text(number: float) -> str:
    """A bound as people write it: without a superfluous fraction."""
    return f"{number:g}" if number != int(number) else str(int(number))


def _wrong_type(setting: Setting, text: str, kind: str) -> ValueProblem:
    shown = "******" if setting.secret else text
    return ValueProblem(f"{setting.name} is not a {kind}: '{shown}'")


def _boolean(setting: Setting, text: str) -> bool:
    value = _SWITCH.get(text.lower())
    if value is None:
        raise _wrong_type(setting, text, "boolean")
    return value


def _ngx_boolean(setting: Setting, text: str) -> str:
    value = _SWITCH.get(text.lower())
    if value is None:
        raise _wrong_type(setting, text, "ngx_boolean")
    return "on" if value else "off"


def _number(setting: Setting, text: str, noun: str = "") -> int | float:
    value = float(text) if _NUMBER.fullmatch(text) else math.nan
    if not math.isfinite(value):
        raise _wrong_type(setting, text, "number")
    _check_bounds(setting, value, noun)
    return int(value) if value == int(value) else value


def _integer(setting: Setting, text: str) -> int:
    value = _number(setting, text, "an integer")
    if type(value) is not int:
        raise ValueProblem(f"{setting.name} {_bounds(setting, 'an integer')}")
    return value


def _check_bounds(setting: Setting, value: float, noun: str) -> None:
    outside = (
        (setting.minimum is not None and value < setting.minimum)
        or (setting.maximum is not None and value > setting.maximum)
        or (setting.above is not None and value <= setting.above)
    )
    if outside:
        raise ValueProblem(f"{setting.name} {_bounds(setting, noun)}")


def _bounds(setting: Setting, noun: str) -> str:
    if setting.bounds_text:
        return setting.bounds_text
    if setting.minimum is not None and setting.maximum is not None:
        low, high = number_text(setting.minimum), number_text(setting.maximum)
        return f"must be {noun} between {low} and {high}".replace("  ", " ")
    if setting.minimum is not None:
        return f"must be {number_text(setting.minimum)} or greater"
    if setting.above is not None:
        return f"must be greater than {number_text(setting.above)}"
    return f"must be {noun or 'a number'}"


def _count_or_auto(setting: Setting, text: str) -> int | str:
    return "auto" if text == "auto" else _integer(setting, text)


def _size(setting: Setting, text: str) -> str:
    if not _SIZE.fullmatch(text):
        raise _wrong_type(setting, text, "size")
    return text


def _array(setting: Setting, text: str) -> tuple[str, ...]:
    items = split_items(text)
    for item in items:
        if setting.choices and item not in setting.choices:
            raise _not_a_choice(setting, item)
    return items


def _enum(setting: Setting, text: str) -> str:
    if text not in setting.choices:
        raise _not_a_choice(setting, text)
    return text


def _not_a_choice(setting: Setting, text: str) -> ValueProblem:
    return ValueProblem(f"{setting.name} has an invalid value: '{text}' ({', '.join(setting.choices)})")


def _string(setting: Setting, text: str) -> str:
    return text


def _listen(setting: Setting, text: str) -> tuple[Listener, ...]:
    try:
        return parse_listen(
            text, stream=setting.kind is Kind.STREAM_LISTEN, always_ssl=setting.name == "cluster_listen"
        )
    except ListenSyntaxError:
        raise ValueProblem(
            f"{setting.name} must be of form: [off] | <ip>:<port> [<flags>], [... next entry ...]"
        ) from None


_PARSERS: Mapping[Kind, Callable[[Setting, str], Value]] = {
    Kind.BOOLEAN: _boolean,
    Kind.NGX_BOOLEAN: _ngx_boolean,
    Kind.NUMBER: _number,
    Kind.INTEGER: _integer,
    Kind.SIZE: _size,
    Kind.ARRAY: _array,
    Kind.STRING: _string,
    Kind.ENUM: _enum,
    Kind.LISTEN: _listen,
    Kind.STREAM_LISTEN: _listen,
    Kind.PATH: _string,
    Kind.LOG: _string,
    Kind.CERTIFICATE: _string,
    Kind.CERTIFICATES: _array,
    Kind.COUNT_OR_AUTO: _count_or_auto,
}
