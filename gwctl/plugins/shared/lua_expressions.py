"""Whether a text is a Lua expression: the syntax only, since there is no Lua here to run it.

Of the Lua 5.1 grammar that templates use (plugins-transform-observe.md 10.1) everything is read but ``function``: what
holds one passes unread.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_TOKEN = re.compile(
    r"""\s*(?:
    (?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|\[(?P<level>=*)\[.*?\](?P=level)\])
    |(?P<number>(?:0[xX][0-9A-Fa-f]*\.?[0-9A-Fa-f]+(?:[pP][+-]?[0-9]+)?|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
      (?:[uU]?[lL][lL]|[iI])?(?![A-Za-z0-9_.]))
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<open>\[=*\[)
    |(?P<symbol>--|\.\.\.|\.\.|==|~=|<=|>=|[-+*/%^\#<>=(){}\[\];:,.])
    |(?P<rest>\S)
    )""",
    re.VERBOSE | re.DOTALL,
)
_KEYWORDS = frozenset(
    (
        *("and", "break", "do", "else", "elseif", "end", "false", "for", "function", "if", "in", "local", "nil"),
        *("not", "or", "repeat", "return", "then", "true", "until", "while"),
    )
)
_BINARY = frozenset(("+", "-", "*", "/", "^", "%", "..", "<", "<=", ">", ">=", "==", "~=", "and", "or"))
_UNARY = frozenset(("-", "#", "not"))
_WORDS = frozenset(("nil", "true", "false", "..."))
_DEEPEST = 60
_END = ("end", "<eof>")


def expression_fault(text: str) -> str | None:
    """What is wrong with ``text`` as a Lua expression, in the words of a Lua compiler; None when nothing is."""
    tokens = list(_tokens(text))
    if ("name", "function") in tokens:
        return None
    reader = _Reader(tokens)
    try:
        reader.expression()
        reader.finish()
    except _Fault as fault:
        return str(fault)
    return None


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    """Kind and text of each token, up to the first that is none: reading on would make long texts slow."""
    for match in _TOKEN.finditer(text):
        kind = "string" if match["string"] is not None else match.lastgroup or "rest"
        yield kind, match[kind]
        if kind in ("open", "rest"):
            return


class _Fault(Exception):
    """The text is no expression."""


class _Reader:
    """Descends through the tokens; says nothing when they are an expression."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = [*tokens, _END]
        self._place = 0
        self._depth = 0

    def finish(self) -> None:
        if self._tokens[self._place] is not _END:
            raise _Fault(f"'<eof>' expected near '{self._shown()}'")

    def expression(self) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _Fault("too many syntax levels")
        self._operand()
        while self._shown() in _BINARY and self._is_operator():
            self._place += 1
            self._operand()
        self._depth -= 1

    def _operand(self) -> None:
        while self._shown() in _UNARY and self._is_operator():
            self._place += 1
        kind, text = self._tokens[self._place]
        if kind in ("string", "number") or (kind in ("name", "symbol") and text in _WORDS):
            self._place += 1
        elif self._is("{"):
            self._table()
        else:
            self._primary()
            self._suffixes()

    def _primary(self) -> None:
        if self._taken("("):
            self.expression()
            self._expect(")")
        else:
            self._name("unexpected symbol")

    def _suffixes(self) -> None:
        while True:
            if self._taken("."):
                self._name("'<name>' expected")
            elif self._taken("["):
                self.expression()
                self._expect("]")
            elif self._taken(":"):
                self._name("'<name>' expected")
                if not self._arguments():
                    raise _Fault(f"function arguments expected near '{self._shown()}'")
            elif not self._arguments():
                return

    def _arguments(self) -> bool:
        if self._tokens[self._place][0] == "string":
            self._place += 1
            return True
        if self._is("{"):
            self._table()
            return True
        if not self._taken("("):
            return False
        if not self._taken(")"):
            self.expression()
            while self._taken(","):
                self.expression()
            self._expect(")")
        return True

    def _table(self) -> None:
        self._expect("{")
        while not self._taken("}"):
            self._item()
            if not (self._taken(",") or self._taken(";")):
                self._expect("}")
                return

    def _item(self) -> None:
        if self._taken("["):
            self.expression()
            self._expect("]")
            self._expect("=")
        elif self._tokens[self._place][0] == "name" and self._tokens[self._place + 1] == ("symbol", "="):
            self._name("'<name>' expected")
            self._place += 1
        self.expression()

    def _name(self, otherwise: str) -> None:
        kind, text = self._tokens[self._place]
        if kind != "name" or text in _KEYWORDS:
            raise _Fault(f"{otherwise} near '{text}'")
        self._place += 1

    def _expect(self, symbol: str) -> None:
        if not self._taken(symbol):
            raise _Fault(f"'{symbol}' expected near '{self._shown()}'")

    def _taken(self, symbol: str) -> bool:
        if self._is(symbol):
            self._place += 1
            return True
        return False

    def _is(self, symbol: str) -> bool:
        return self._tokens[self._place] == ("symbol", symbol)

    def _is_operator(self) -> bool:
        return self._tokens[self._place][0] in ("symbol", "name")

    def _shown(self) -> str:
        return self._tokens[self._place][1]
