"""What can be said about the run time of a regular expression from its text alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_MOST_UNBOUNDED = 2
_MOST_OPTIONAL = 10

_PIECE = re.compile(
    r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?#[^)]*\)|(?P<open>\((?:\?(?:P?<[^>=!][^>]*>|[a-zA-Z-]*:|[=!>]|<[=!]))?)|"
    r"(?P<close>\))|(?P<bar>\|)|(?P<loop>[*+]|\{[0-9]*,\})|(?P<count>\{[0-9]+(?:,[0-9]+)?\}|\?)|.",
    re.DOTALL,
)


def danger(text: str) -> str | None:
    """Why a backtracking engine should not be given ``text``, in words that name the construct; None when it may."""
    varied = [False]
    closed_varied = False
    loops = choices = 0
    for piece in _PIECE.finditer(text):
        kind = piece.lastgroup
        if kind == "loop":
            loops += 1
            if closed_varied:
                return "repeated group with a repetition or alternative inside may backtrack without bound"
            varied[-1] = True
        elif kind == "open":
            varied.append(False)
        elif kind in ("bar", "count"):
            choices += 1
            if kind == "count" and closed_varied and piece.group() != "?":
                return "counted group with a repetition or alternative inside may backtrack without bound"
            varied[-1] = varied[-1] or kind == "bar"
        closed_varied = False
        if kind == "close" and len(varied) > 1:
            closed_varied = varied.pop()
            varied[-1] = varied[-1] or closed_varied
    if loops > _MOST_UNBOUNDED:
        return "more than two unbounded repetitions beside look-around"
    if choices > _MOST_OPTIONAL:
        return f"more than {_MOST_OPTIONAL} optional parts and alternatives beside look-around"
    return None


_ASCII = frozenset(map(chr, range(128)))
_OTHER = "\u0080"
"""Stands for every character outside of ASCII."""
_EVERY = _ASCII | {_OTHER}
_DIGITS = frozenset("0123456789")
_WORD = _DIGITS | frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_")
_SETS = {"\\d": _DIGITS, "\\w": _WORD, "\\D": _EVERY - _DIGITS, "\\W": _EVERY - _WORD, ".": _EVERY - {"\n"}}

_ITEM = re.compile(
    r"(?P<set>\\[dwDW]|\.|\[\^?(?:[A-Za-z0-9_/.,~ -]|\\[dw.\-/])+\])(?P<times>[*+?]?)|"
    r"(?P<literal>[A-Za-z0-9_/,~=@%!:;&'-]|\\[./\-_])(?P<some>[*+?]?)|"
    r"(?P<group>\((?:\?:|\?P?<[A-Za-z_][A-Za-z0-9_]*>)?|\))(?![*+?{])"
)
_MEMBER = re.compile(r"\\[dw]|\\?(.)(?:-\\?([^\]]))?")


_TIMES = ("{", "*", "+", "?")


class _Atom(NamedTuple):
    characters: frozenset[str]
    loops: bool
    optional: bool


def straight(text: str) -> str | None:
    """``text`` in the spelling of Python's engine, if that matches it at one place in linear time; None when this is
    not certain.

    It is when the expression is a row of characters and sets, and no repeated or optional one of them shares a
    character with what may follow it: then there is one way to match, and to give up takes no longer.
    """
    body = text.removesuffix("$")
    ends = body != text
    if ends and body.endswith("\\"):
        return None
    atoms = _atoms(body)
    if atoms is None or not all(_certain(atoms, position) for position in range(len(atoms))):
        return None
    return body.replace("(?<", "(?P<") + ("\\Z" if ends else "")


def _atoms(body: str) -> list[_Atom] | None:
    atoms: list[_Atom] = []
    position = depth = 0
    while position < len(body):
        found = _ITEM.match(body, position)
        if found is None:
            return None
        position = found.end()
        if found["group"]:
            depth += -1 if found["group"] == ")" else 1
            if depth < 0:
                return None
            continue
        characters = _characters(found["set"] or found["literal"])
        times = found["times"] or found["some"]
        if body[position : position + 1] in _TIMES:
            return None
        atoms.append(_Atom(characters, bool(times) and times != "?", bool(times) and times != "+"))
    return None if depth else atoms


def _characters(text: str) -> frozenset[str]:
    if text in _SETS:
        return _SETS[text]
    if not text.startswith("["):
        return frozenset(text[-1])
    inside = text[1:-1]
    members = frozenset[str]().union(*_members(inside.removeprefix("^")))
    return _EVERY - members if inside.startswith("^") else members


def _members(inside: str) -> Iterator[frozenset[str]]:
    for found in _MEMBER.finditer(inside):
        first, last = found[1], found[2]
        if first is None:
            yield _SETS[found.group()]
        else:
            yield frozenset(map(chr, range(ord(first), ord(last or first) + 1)))


def _certain(atoms: list[_Atom], position: int) -> bool:
    atom = atoms[position]
    if not (atom.loops or atom.optional):
        return True
    for following in atoms[position + 1 :]:
        if not atom.characters.isdisjoint(following.characters):
            return False
        if not following.optional:
            return True
    return True
