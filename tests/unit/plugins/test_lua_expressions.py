"""Which texts are Lua expressions, and which templates hold only such."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gwctl.plugins.shared.changes import split_entry
from gwctl.plugins.shared.lua_expressions import expression_fault
from gwctl.plugins.shared.templates import template_fault

GOOD = [
    "a", "a.b", "a['b']", 'a["b"].c[1]', "uri_captures[1]", "headers.host or 'none'", "not a and #b == 1",
    "-1", "- - 1", "2^-3", "1e5", "0x1F", ".5", "3.", "10LL", "nil", "true", "...", "a .. 'b' .. [[c]]", "[==[ ] ]==]",
    "f()", "f(1, 'x')", "f'x'", "f{1; 2, a = 3, [4] = 5}", "s:upper()", "s:rep(3):lower()", "(a or b).c", "((a))",
    "string.sub(a, 1, -2)", "'\\'' .. \"\\\"\"", "a ~= b", "a <= b", "1+2*3/4%5-6", "{}", "{[1]=2,}", "type(x)",
    "(function() return 1 end)()", "function )(",
]  # fmt: skip
BAD = [
    ("", "unexpected symbol near '<eof>'"),
    ("a b", "'<eof>' expected near 'b'"),
    ("a.", "'<name>' expected near '<eof>'"),
    ("a..", "unexpected symbol near '<eof>'"),
    ("(a", "')' expected near '<eof>'"),
    ("a)", "'<eof>' expected near ')'"),
    ("a[1", "']' expected near '<eof>'"),
    ("a =", "'<eof>' expected near '='"),
    ("return a", "unexpected symbol near 'return'"),
    ("a and", "unexpected symbol near '<eof>'"),
    ("and a", "unexpected symbol near 'and'"),
    ("'open", "unexpected symbol near '''"),
    ("a -- b", "'<eof>' expected near '--'"),
    ("s:upper", "function arguments expected near '<eof>'"),
    ("{1 2}", "'}' expected near '2'"),
    ("f(1,)", "unexpected symbol near ')'"),
    ("a != b", "'<eof>' expected near '!'"),
    ("1abc", "unexpected symbol near '1'"),
    ("a ? b : c", "'<eof>' expected near '?'"),
    ("a.end", "'<name>' expected near 'end'"),
    ("a[[b", "'<eof>' expected near '[['"),
    ("[==[ x ]=]", "unexpected symbol near '[==['"),
    ("a ? function() end", "'<eof>' expected near '?'"),
    ("'and' 'x'", "'<eof>' expected near ''x''"),
    ("(" * 100 + "a" + ")" * 100, "too many syntax levels"),
]


@pytest.mark.parametrize("text", GOOD)
def test_expressions(text):
    assert expression_fault(text) is None


@pytest.mark.parametrize(("text", "fault"), BAD, ids=[text[:20] for text, _ in BAD])
def test_other_texts(text, fault):
    assert expression_fault(text) == fault


@given(st.text(alphabet="ab1.'\"()[]{}=~-#, \\\n", max_size=40))
def test_any_text_gets_an_answer(text):
    assert isinstance(expression_fault(text), str | None)


@pytest.mark.parametrize(
    "text", ["", "plain", "$(a)", "x$(a)y$(b.c)z", "$", "$ (a b)", "$(open", "$((a)", "a$(f(1))b", "#x"]
)
def test_templates(text):
    assert template_fault(text) is None


@pytest.mark.parametrize("text", ["$()", "$(a b)", "$(a)$(b c)", "$(')')", "x $(=) y", "$(a $(b c)"])
def test_broken_templates(text):
    assert isinstance(template_fault(text), str)


@pytest.mark.parametrize("piece", ["$(", "$(a)", "(", ")", "[[", "[=[", "'", '"', "$([[", "a.", "-"])
def test_long_texts_take_no_longer_than_they_must(piece):
    text = piece * (50_000 // len(piece))
    begun = time.process_time()
    template_fault(text)
    expression_fault(text)
    assert time.process_time() - begun < 2


@pytest.mark.parametrize(
    ("entry", "parts"),
    [
        ("a:b", ("a", "b")),
        ("a", ("a", "")),
        ("a::b:c", ("a", "b:c")),
        ("a:", ("a", "")),
        (":a", ("", "")),
        ("", ("", "")),
    ],
)
def test_entries(entry, parts):
    assert split_entry(entry) == parts
