"""Regular expressions from users: linear time where possible, and never catastrophic (reliability.md S4).

Three engines: Python's own for expressions that it runs in linear time, RE2 for all others that RE2 knows, and for
look-around, back-references and the like one that backtracks, under a time limit and after a check.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeAlias, cast

from gwctl.kit.errors import GwctlError
from gwctl.kit.pattern_shapes import danger, straight

LONGEST_TEXT = 8 * 1024
"""Characters of a text from a client that are worth a search; a longer one matches nothing."""

_LARGEST = 1000
_MEMORY = 512 * 1024
_SECONDS = 0.005


class Match(Protocol):
    """What a successful search gives: the part of ``re.Match`` that all engines share."""

    def group(self, group: int | str = 0, /) -> Any: ...
    def groups(self) -> tuple[Any, ...]: ...
    def groupdict(self) -> Mapping[str, Any]: ...
    def start(self, group: int | str = 0, /) -> int: ...
    def end(self, group: int | str = 0, /) -> int: ...


class Pattern(Protocol):
    """A compiled expression."""

    @property
    def pattern(self) -> Any: ...
    def search(self, string: str) -> Match | None: ...
    def match(self, string: str) -> Match | None: ...
    def fullmatch(self, string: str) -> Match | None: ...


class PatternError(GwctlError):
    """``message`` says what is wrong with the expression, in the words of PCRE where it has some."""

    code = "pattern"


def compile_pattern(text: str, *, ignore_case: bool = False) -> Pattern:
    """``text`` compiled for the quickest engine that cannot be stalled by what it searches.

    Raises PatternError for broken syntax and for expressions that no engine runs in bounded time.
    """
    import re2

    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = not ignore_case
    options.max_mem = _MEMORY
    try:
        compiled = re2.compile(text.encode("utf-8", "surrogatepass"), options)
    except re2.error as error:
        reason = _reason(error)
        if reason.startswith(_UNCLOSED_CLASS):  # no engine takes it
            raise PatternError(_in_pcre_words(reason, text)) from None
        if reason.startswith(_TOO_LARGE):
            raise PatternError(_too_large(text)) from None
        return _compile_backtracking(text, reason, ignore_case=ignore_case)
    if max(compiled.programsize, compiled.reverseprogramsize) > _LARGEST:
        raise PatternError(_too_large(text))
    quick = None if ignore_case else straight(text.removeprefix("^"))
    linear = _Linear(text, compiled)
    return linear if quick is None else _Straight(linear, re.compile(quick, re.ASCII))


_Ask: TypeAlias = Callable[[str], Match | None]


class _Straight:
    """An expression that Python's engine matches at the start of a text in linear time; to search is RE2's."""

    __slots__ = ("fullmatch", "match", "pattern", "search")

    def __init__(self, linear: _Linear, quick: re.Pattern[str]) -> None:
        self.pattern = linear.pattern
        self.match = cast("_Ask", quick.match)
        self.fullmatch = cast("_Ask", quick.fullmatch)
        self.search = self.match if self.pattern.startswith("^") else linear.search


class _Linear:
    """An expression of RE2, which works on bytes."""

    __slots__ = ("_compiled", "pattern")

    def __init__(self, text: str, compiled: Any) -> None:
        self.pattern = text
        self._compiled = compiled

    def search(self, string: str) -> Match | None:
        return _decoded(self._compiled.search, string)

    def match(self, string: str) -> Match | None:
        return _decoded(self._compiled.match, string)

    def fullmatch(self, string: str) -> Match | None:
        return _decoded(self._compiled.fullmatch, string)


class _Decoded:
    """A match of bytes as one of text."""

    __slots__ = ("_match",)

    def __init__(self, match: Any) -> None:
        self._match = match

    def group(self, group: int | str = 0, /) -> Any:
        return _text(self._match.group(group.encode() if isinstance(group, str) else group))

    def groups(self) -> tuple[Any, ...]:
        return tuple(map(_text, self._match.groups()))

    def groupdict(self) -> Mapping[str, Any]:
        return {name.decode(): _text(value) for name, value in self._match.groupdict().items()}

    def start(self, group: int | str = 0, /) -> int:
        return self._characters(self._match.start(group))

    def end(self, group: int | str = 0, /) -> int:
        return self._characters(self._match.end(group))

    def _characters(self, offset: int) -> int:
        return len(_text(self._match.string[:offset])) if offset > 0 else offset


def _decoded(ask: Callable[[bytes], Any], string: str) -> Match | None:
    if len(string) > LONGEST_TEXT:
        return None
    found = ask(string.encode("utf-8", "surrogateescape"))
    return None if found is None else _Decoded(found)


def _text(value: bytes | None) -> Any:
    return None if value is None else value.decode("utf-8", "surrogateescape")


class _Guarded:
    """An expression of a backtracking engine: what takes longer than the limit does not match."""

    __slots__ = ("_compiled", "pattern")

    def __init__(self, text: str, compiled: Any) -> None:
        self.pattern = text
        self._compiled = compiled

    def search(self, string: str) -> Match | None:
        return _in_time(self._compiled.search, string)

    def match(self, string: str) -> Match | None:
        return _in_time(self._compiled.match, string)

    def fullmatch(self, string: str) -> Match | None:
        return _in_time(self._compiled.fullmatch, string)


def _in_time(ask: Callable[..., Any], string: str) -> Match | None:
    if len(string) > LONGEST_TEXT:
        return None
    try:
        found: Match | None = ask(string, timeout=_SECONDS)
    except TimeoutError:
        return None
    return found


def _compile_backtracking(text: str, reason: str, *, ignore_case: bool) -> Pattern:
    import regex

    spelled = _NAMED_GROUP.sub("(?P<", text)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about syntax that later versions may read otherwise
            compiled = regex.compile(spelled, regex.ASCII | (regex.IGNORECASE if ignore_case else 0))
    except (regex.error, OverflowError, RecursionError, ValueError, IndexError):
        raise PatternError(_in_pcre_words(reason, text)) from None
    fault = danger(spelled)
    if fault is not None:
        raise PatternError(f"{fault} in {_quoted(text)}")
    return _Guarded(text, compiled)


_UNCLOSED_CLASS = "missing ]"
_TOO_LARGE = "pattern too large"
_NAMED_GROUP = re.compile(r"\(\?<(?![=!])")


def _too_large(text: str) -> str:
    return (
        f"regular expression is too large: its counted repetitions make more than {_LARGEST} steps in {_quoted(text)}"
    )


def _reason(error: Exception) -> str:
    argument = error.args[0] if error.args else ""
    return argument.decode("utf-8", "replace") if isinstance(argument, bytes) else str(argument)


_PCRE_WORDS = (
    ("missing )", "missing closing parenthesis"),
    ("unexpected )", "unmatched closing parenthesis"),
    ("missing ]", "missing terminating ] for character class"),
    ("no argument for repetition operator", "quantifier does not follow a repeatable item"),
    ("bad repetition operator", "quantifier does not follow a repeatable item"),
    ("trailing \\", "\\ at end of pattern"),
    ("invalid character class range", "range out of order in character class"),
    ("invalid escape sequence", "unrecognized character follows \\"),
    ("invalid named capture group", "syntax error in subpattern name (missing terminator?)"),
    ("duplicate capture group name", "two named subpatterns have the same name"),
    ("invalid repetition size", "number too big in {} quantifier"),
    ("invalid perl operator", "unrecognized character after (? or (?-"),
)


def _in_pcre_words(reason: str, text: str) -> str:
    for start, words in _PCRE_WORDS:
        if reason.startswith(start):
            return f"pcre2_compile() failed: {words} in {_quoted(text)}"
    return f"pcre2_compile() failed: {reason.partition(':')[0]} in {_quoted(text)}"


def _quoted(text: str) -> str:
    return f'"{text}"'
