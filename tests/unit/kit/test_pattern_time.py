"""No expression that is accepted can hold up a worker, whatever it is asked about (reliability.md S4)."""

from __future__ import annotations

import random
import re
import time

import pytest

from gwctl.kit.pattern_shapes import straight
from gwctl.kit.patterns import LONGEST_TEXT, PatternError, compile_pattern

STALL_SECONDS = 0.06
"""Three times the goal, of CPU time, for machines that are busy and slow."""

ATOMS = [
    "a",
    "b",
    ".",
    "\\d",
    "\\w",
    "[^/]",
    "[ab]",
    "/",
    "(a|b)",
    "(a|ab)",
    "(.*)",
    "(?:a?b?)",
    "(?=a)",
    "(?!x)",
    "(?<=a)",
]
TIMES = ["", "", "", "*", "+", "?", "{2,}", "{1,20}", "*?"]
EVIL = [
    "(a+)+$",
    "(a|aa)+$",
    "(a|a?)+$",
    "(.*a){12}$",
    "([a-z]+)*=",
    "(.*)(.*)(.*)(.*)(.*)x$",
    "(a*)*(b*)*((a|b){1,900})$",
    "(?:(?:a?){100}){9}x",
    "(.{0,100}x?){9}$",
    "(?!x)(a+)+b",
    "(?!x)a*a*b",
    "(?=(a+))a*b\\1",
    "(?!x)a?a?a?a?a?a?a?a?a?a?aaaaaaaaaa",
    "(?!x).*/.*$",
    "(?<=a).*b.*c",
]
TEXTS = [
    "a" * LONGEST_TEXT,
    "ab" * (LONGEST_TEXT // 2),
    "/a" * (LONGEST_TEXT // 2 - 1) + "x\n",
    "a" * 5000 + "b" * 3000,
    "1" * 8000 + "!",
]


def made(rng: random.Random) -> str:
    return "".join(rng.choice(ATOMS) + rng.choice(TIMES) for _ in range(rng.randrange(1, 6))) + rng.choice(
        ["", "$", "x$"]
    )


def worst(pattern: str) -> float:
    """CPU seconds of the slowest question; nothing for an expression that is refused."""
    try:
        compiled = compile_pattern(pattern)
    except PatternError:
        return 0.0
    slowest = 0.0
    for text in TEXTS:
        for ask in (compiled.match, compiled.search):
            start = time.thread_time()
            ask(text)
            slowest = max(slowest, time.thread_time() - start)
    return slowest


@pytest.mark.parametrize("pattern", EVIL)
def test_known_evil(pattern: str) -> None:
    assert worst(pattern) < STALL_SECONDS


def test_evil_by_chance() -> None:
    rng = random.Random(4)
    times = {pattern: worst(pattern) for pattern in {made(rng) for _ in range(250)}}
    slowest = max(times, key=lambda pattern: times[pattern])
    assert times[slowest] < STALL_SECONDS, slowest


@pytest.mark.parametrize(
    ("pattern", "construct"),
    [
        ("(?!x)(a+)+b", "repeated group with a repetition or alternative inside"),
        ("(?!x)(a|b){3,9}", "counted group with a repetition or alternative inside"),
        ("(?!x)a*b*c*", "more than two unbounded repetitions"),
        ("(?!x)a?a?a?a?a?a?a?a?a?a?a?", "more than 10 optional parts"),
        ("(.{0,100}x?){9}$", "counted repetitions make more than 1000 steps"),
    ],
)
def test_a_refusal_names_the_construct(pattern: str, construct: str) -> None:
    with pytest.raises(PatternError) as refused:
        compile_pattern(pattern)
    assert construct in refused.value.message
    assert pattern in refused.value.message


def test_the_time_limit_means_no_match() -> None:
    compiled = compile_pattern("(?!x).*a.*b$")
    assert compiled.search("a" * LONGEST_TEXT) is None
    assert compiled.search("aab") is not None


def test_longer_texts_match_nothing() -> None:
    for pattern in ("(a|b)*c?", "(?!x)a*"):
        assert compile_pattern(pattern).match("a" * LONGEST_TEXT) is not None
        assert compile_pattern(pattern).match("a" * (LONGEST_TEXT + 1)) is None


@pytest.mark.parametrize(
    ("pattern", "is_straight"),
    [
        ("/users/\\d+/x$", True),
        ("/[^/]+/(\\d+)/.*", True),
        ("/a?/b", True),
        ("/a*ab", False),
        ("/.*/x", False),
        ("/[^a]+A", False),
        ("/(a|b)", False),
        ("/a{3}", False),
        ("/\\s+x", False),
        ("/a?b?a", False),
        ("/é", False),
    ],
)
def test_what_python_may_run(pattern: str, is_straight: bool) -> None:
    assert (straight(pattern) is not None) is is_straight


def test_the_engines_agree() -> None:
    """What Python's engine runs finds what RE2 would."""
    import re2

    rng = random.Random(9)
    pieces = ["a", "/", "\\d+", "[^/]+", "\\w*", "(b)", "(?P<n>c+)", ".", "x?", "[a-c]", "\\.", "1"]
    texts = ["".join(rng.choice("ab/c.x1\n") for _ in range(rng.randrange(9))) for _ in range(60)]
    compared = 0
    for _ in range(1500):
        pattern = "".join(rng.choice(pieces) for _ in range(rng.randrange(1, 5))) + rng.choice(["", "$"])
        quick = straight(pattern)
        if quick is None or pattern.count("?P<n>") > 1:
            continue
        compared += 1
        mine, other = re.compile(quick, re.ASCII), re2.compile(pattern)
        for text in texts:
            one, two = mine.match(text), other.match(text)
            assert (one and (one.group(), one.groups())) == (two and (two.group(), two.groups())), (pattern, text)
    assert compared > 200
