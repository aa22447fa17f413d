import re
import time

import pytest

from gwctl.kit.patterns import PatternError, compile_pattern


@pytest.mark.parametrize(
    ("pattern", "text", "groups"),
    [
        (r"/\*/user$", "/*/user", {}),
        ("/u/(?<id>[0-9]+)", "/u/12/x", {"id": "12"}),
        ("/u/(?P<id>[0-9]+)", "/u/12", {"id": "12"}),
        ("/(?<name>ø+)", "/øø", {"name": "øø"}),
    ],
)
def test_both_spellings_of_named_groups(pattern, text, groups):
    found = compile_pattern(pattern).match(text)
    assert found is not None
    assert found.groupdict() == groups


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [("/(?!admin)[a-z]+$", "/users", True), ("/(?!admin)[a-z]+$", "/admin", False), (r"/(?<n>a|b)\1", "/aa", True)],
)
def test_look_around_and_back_references_work_where_they_are_harmless(pattern, text, matches):
    assert (compile_pattern(pattern).match(text) is not None) is matches


def test_linear_time_where_the_engine_of_python_would_not_end():
    compiled = compile_pattern("^(a+)+$")
    before = time.perf_counter()
    assert compiled.search("a" * 5000 + "!") is None
    assert time.perf_counter() - before < 1


@pytest.mark.parametrize(
    "pattern",
    [
        r"(a+)+(?=x)",
        r"(?=x)(a|b)*",
        r"(?=x)(?:a{2,})*",
        r"(?!x)((a+))+",
        r"(?!x)(?:a*){30}",
        r"(?<!x).*a.*b.*c",
        r"(?!x)(?P<n>[a-z]+)*",
    ],
)
def test_expressions_that_may_backtrack_without_bound_are_refused(pattern):
    re.compile(pattern)
    with pytest.raises(PatternError, match=r"without bound|more than two"):
        compile_pattern(pattern)


@pytest.mark.parametrize("pattern", [r"(?!x)[a)(|*]+", r"(?!x)\(a\+\)*", r"(?!x)(?:ab)*", r"(?=a)(?:x?)+"])
def test_what_only_looks_dangerous_is_accepted(pattern):
    assert compile_pattern(pattern) is not None


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (
            "/users/(foo/profile",
            'pcre2_compile() failed: missing closing parenthesis in "/users/(foo/profile"',
        ),
        ("/a)", 'pcre2_compile() failed: unmatched closing parenthesis in "/a)"'),
        ("/[a", 'pcre2_compile() failed: missing terminating ] for character class in "/[a"'),
        ("[[(%", 'pcre2_compile() failed: missing terminating ] for character class in "[[(%"'),
        ("*a", 'pcre2_compile() failed: quantifier does not follow a repeatable item in "*a"'),
        ("a\\", 'pcre2_compile() failed: \\ at end of pattern in "a\\"'),
    ],
)
def test_syntax_errors_in_the_words_of_the_reference(pattern, text):
    with pytest.raises(PatternError) as caught:
        compile_pattern(pattern)
    assert caught.value.message == text


def test_nothing_is_printed_for_a_broken_expression(capfd):
    with pytest.raises(PatternError):
        compile_pattern("(")
    assert capfd.readouterr() == ("", "")
