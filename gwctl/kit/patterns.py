"""Regular expressions from users: linear time where possible, and never catastrophic (reliability.md S4)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Protocol, cast

from gwctl.kit.errors import GwctlError


class Match(Protocol):
    """What a successful search gives: the part of ``re.Match`` that both engines share."""

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
    """``text`` compiled by RE2, or by Python's engine when RE2 lacks the syntax and the expression is harmless.

    Raises PatternError for broken syntax and for expressions that may backtrack without bound.
    """
    import re2

    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = not ignore_case
    try:
        compiled: Pattern = re2.compile(text, options)
    except re2.error as error:
        reason = _reason(error)
        if reason.startswith(_UNCLOSED_CLASS):  # no engine takes it, and Python's warns while it reads on
            raise PatternError(_in_pcre_words(reason, text)) from None
        return _compile_backtracking(text, reason, re.IGNORECASE if ignore_case else 0)
    return compiled


def _compile_backtracking(text: str, reason: str, flags: int) -> Pattern:
    spelled = _NAMED_GROUP.sub("(?P<", text)
    try:
        compiled = cast("Pattern", re.compile(spelled, flags))
    except (re.error, OverflowError, RecursionError):
        raise PatternError(_in_pcre_words(reason, text)) from None
    danger = _danger(spelled)
    if danger is not None:
        raise PatternError(f"{danger} in {_quoted(text)}")
    return compiled


_UNCLOSED_CLASS = "missing ]"
_NAMED_GROUP = re.compile(r"\(\?<(?![=!])")


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


_MOST_UNBOUNDED = 2
_TOKEN = re.compile(
    r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?#[^)]*\)|(?P<open>\((?:\?(?:P?<[^>=!][^>]*>|[a-zA-Z-]*:|[=!>]|<[=!]))?)|"
    r"(?P<close>\))|(?P<bar>\|)|(?P<loop>[*+]|\{[0-9]*,\})|(?P<count>\{[0-9]+(?:,[0-9]+)?\}|\?)|.",
    re.DOTALL,
)


def _danger(text: str) -> str | None:
    """Why Python's engine must not run ``text``: a repeated group that itself repeats or branches, or many loops."""
    varied = [False]
    closed_varied = False
    loops = 0
    for token in _TOKEN.finditer(text):
        kind = token.lastgroup
        if kind == "loop":
            loops += 1
            if closed_varied:
                return "repeated group with a repetition or alternative inside may backtrack without bound"
            varied[-1] = True
        elif kind == "open":
            varied.append(False)
        elif kind == "bar":
            varied[-1] = True
        elif kind == "count" and closed_varied and token.group() != "?":
            return "counted group with a repetition or alternative inside may backtrack without bound"
        closed_varied = False
        if kind == "close" and len(varied) > 1:
            closed_varied = varied.pop()
            varied[-1] = varied[-1] or closed_varied
    return "more than two unbounded repetitions beside look-around" if loops > _MOST_UNBOUNDED else None
