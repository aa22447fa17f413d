"""decK's ``${{ env "X" }}`` in files: values from the environment that never change a file's structure.

decK replaces text before it reads the file, so a value with a quote or a colon breaks the file or adds to it. Here a
placeholder is first replaced by a word of the same length, the file is read, and then the value is put where the word
stands: quotes, colons and line breaks in it are only characters, and lines and columns stay true.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gwctl.declarative.scalars import plain
from gwctl.declarative.yaml_text import Mark

_PLACEHOLDER = re.compile(r"\$\{\{(.*?)\}\}")
_QUOTED = r"""\\?(?:"(?P<{0}_double>[^"\\]*)\\?"|'(?P<{0}_single>[^']*)'|`(?P<{0}_back>[^`]*)`)"""
_EXPRESSION = re.compile(rf"\s*(?:env\s+{_QUOTED.format('env')}|{_QUOTED.format('text')})\s*(?P<pipes>(?:\|[^|]*)*)")
_PIPE = re.compile(r"(?:toInt|toFloat|toBool|indent\s+\d+)")
_PRIVATE_USE = range(0xE000, 0xF8FF)


def _to_int(text: str) -> int:
    return int(text)


def _to_float(text: str) -> float:
    return float(text)


def _to_bool(text: str) -> bool:
    value = plain(text.lower())
    if isinstance(value, bool):
        return value
    if text in ("0", "1"):
        return text == "1"
    raise ValueError(text)


_CONVERSIONS: Mapping[str, tuple[Callable[[str], Any], str]] = {
    "toInt": (_to_int, "an integer"),
    "toFloat": (_to_float, "a number"),
    "toBool": (_to_bool, "a boolean"),
}


@dataclass(frozen=True, slots=True)
class _Expression:
    """What stands between the braces. ``fault`` is why it cannot be used, told only where it is used."""

    text: str = ""
    conversion: str | None = None
    fault: str | None = None


class Template:
    """One text with its placeholders replaced by words; `value` puts values in their places.

    ``faults`` are (mark, message) of every placeholder that cannot be filled.
    """

    def __init__(self, text: str, environ: Mapping[str, str]) -> None:
        self.faults: list[tuple[Mark, str]] = []
        self._environ = environ
        self._expressions: list[_Expression] = []
        self._sign = next(chr(code) for code in _PRIVATE_USE if chr(code) not in text)
        self._word = re.compile(f"{self._sign}([0-9]+){self._sign}+")
        self.text = _PLACEHOLDER.sub(self._replaced, text)

    @property
    def is_used(self) -> bool:
        return bool(self._expressions)

    def value(self, text: str, is_plain: bool, mark: Mark) -> Any:
        """The value of a scalar that stands at ``mark``. An unquoted one gets its type after it was filled."""
        if self._sign not in text:
            return plain(text) if is_plain else text
        whole = self._word.fullmatch(text)
        if whole is not None:
            conversion = self._expressions[int(whole[1])].conversion
            if conversion is not None:
                return self._converted(self._filled(whole, mark), conversion, mark)
        filled = self._word.sub(lambda found: self._filled(found, mark), text)
        return plain(filled) if is_plain else filled

    def _replaced(self, found: re.Match[str]) -> str:
        number = len(self._expressions)
        self._expressions.append(self._parsed(found[1]))
        return f"{self._sign}{number}{self._sign}".ljust(len(found[0]), self._sign)

    def _parsed(self, inside: str) -> _Expression:
        found = _EXPRESSION.fullmatch(inside)
        pipes = [pipe.strip() for pipe in found["pipes"].split("|")[1:]] if found is not None else []
        if found is None or not all(_PIPE.fullmatch(pipe) for pipe in pipes):
            shown = f"${{{{{inside}}}}}"
            return _Expression(
                fault=f'cannot read {shown}: write ${{{{ env "NAME" }}}}, if need be with | toInt, toFloat or toBool'
            )
        conversion = next((pipe for pipe in reversed(pipes) if pipe in _CONVERSIONS), None)
        name = _first(found["env_double"], found["env_single"], found["env_back"])
        if name is None:
            return _Expression(_first(found["text_double"], found["text_single"], found["text_back"]) or "", conversion)
        value = self._environ.get(name)
        if value is None:
            return _Expression(fault=f"environment variable '{name}' is not set")
        return _Expression(value, conversion)

    def _filled(self, found: re.Match[str], mark: Mark) -> str:
        expression = self._expressions[int(found[1])]
        if expression.fault is not None:
            self.faults.append((mark, expression.fault))
        return expression.text

    def _converted(self, text: str, conversion: str, mark: Mark) -> Any:
        convert, kind = _CONVERSIONS[conversion]
        if self.faults and self.faults[-1][0] == mark:
            return None
        try:
            return convert(text)
        except ValueError:
            self.faults.append((mark, f"the value for {conversion} is not {kind}"))
            return None


def _first(*texts: str | None) -> str | None:
    return next((text for text in texts if text is not None), None)
