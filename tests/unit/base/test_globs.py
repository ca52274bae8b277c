"""Which names a `match` means."""

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pytest_claude_budget.base.globs import compile_glob
from tests.builders.tries import tries

TEST = "tests/rag/test_a.py::TestX::test_y[param]"


@pytest.mark.parametrize(
    "match",
    [
        None,
        "**",
        "tests/rag/**",
        "tests/rag",
        "tests/rag/",
        "./tests/rag",
        "tests/rag/test_a.py",
        "tests/rag/test_a.py::TestX",
        "tests/rag/test_a.py::TestX::test_y",
        TEST,
        "tests/*/test_a.py",
        "tests/*/test_?.py",
        "tests/**/test_a.py",
        "tests/rag/**/test_a.py",
        "**/test_a.py",
        "**/rag/**",
        "**[param]",
        "**::test_y",
        "*/*/*::test_y",
        "tests/rag/test_a.py::*",
        "tests/r*/**::test_*",
    ],
)
def test_a_test_is_meant_by(match: str | None) -> None:
    """Its own id, a path above it, or a pattern."""
    assert compile_glob("test", match).matches(TEST)


@pytest.mark.parametrize(
    "match",
    [
        "*",
        "tests/*",
        "tests/ra",
        "tests/rag/test_a",
        "tests/rag/test_a.py::Test",
        "rag",
        "tests/?ag/test_b.py",
        "*[param]",
        "tests?rag/**",
        "tests/rag/test_a.py::TestX::test_y[p]",
        "tests/rag/test_a.py::TestX::test_[xyz][param]",
        "tests/rag/test_a.py::TestX::test_y[param]/**",
        "TESTS/**",
    ],
)
def test_a_test_is_not_meant_by(match: str) -> None:
    """A `*` that would have to cross a slash, half a name, another case, a class of characters."""
    assert not compile_glob("test", match).matches(TEST)


@pytest.mark.parametrize(
    "match", ["tests/*", "tests/test_a.py::t[/v1/*]", "tests/test_a.py::t*", "tests/*.py::t[*]", "tests/test_a.py::t"]
)
def test_slashes_of_a_parameter_are_no_folders(match: str) -> None:
    """`test_get[/v1/x]` is one test in one file."""
    assert compile_glob("test", match).matches("tests/test_a.py::t[/v1/x]")


@pytest.mark.parametrize(
    ("match", "name", "expected"),
    [
        ("claude-opus-*", "claude-opus-4-5", True),
        ("claude-opus-*", "claude-sonnet-4-6", False),
        ("claude-?pus-4", "claude-opus-4", True),
        ("claude-opus", "claude-opus-4-5", False),
        ("*opus*", "eu/anthropic.claude-opus-4", True),
        ("**", "x/y", True),
        ("a.c", "abc", False),
    ],
)
def test_a_model_is_a_word_and_no_path(match: str, name: str, expected: bool) -> None:
    """Slashes are like other characters there, and a name means itself alone."""
    assert expected == bool(compile_glob("model", match).matches(name))


@pytest.mark.parametrize("match", ["**a*b", "**a**a**a**a*b", "*a*a*a*a*a*a*b", "**a*a**a*a**a*ab", "?*?*?*b"])
@pytest.mark.parametrize("scope", ["test", "model"])
def test_no_pattern_takes_forever(match: str, scope: str) -> None:
    """Not even one made for it, on a name made for it: this would else not end."""
    assert not compile_glob(scope, match).matches("a" * 750 + "b" + "a" * 750)


def matches_naively(pattern: str, name: str, at: int = 0) -> bool:
    """The rule of paths without parameters, by trying everything."""
    if not pattern:
        return at == len(name)
    if pattern.startswith("**/"):
        # The slash may be one that is already there, or the start.
        ends = [end for end in range(at, len(name) + 1) if end == 0 or name[end - 1] == "/"]
        return any(matches_naively(pattern[3:], name, end) for end in ends)
    if pattern.startswith("**"):
        return any(matches_naively(pattern[2:], name, end) for end in range(at, len(name) + 1))
    if pattern[0] == "*":
        ends = [end for end in range(at, len(name) + 1) if "/" not in name[at:end]]
        return any(matches_naively(pattern[1:], name, end) for end in ends)
    if at == len(name) or (name[at] == "/" if pattern[0] == "?" else name[at] != pattern[0]):
        return False
    return matches_naively(pattern[1:], name, at + 1)


@given(
    st.lists(st.sampled_from(["a", "b", "/", "*", "**/", "/**", "?"]), min_size=1, max_size=7).map("".join),
    st.text("ab/", max_size=9),
)
@example("**a*b", "a/ab")
@example("a/**/b", "a/b")
@settings(max_examples=tries(2000), deadline=None)
def test_the_fast_matcher_agrees_with_a_plain_one(pattern: str, name: str) -> None:
    """The fast one skips what cannot help; the plain one tries everything."""
    pattern = re.sub(r"\*\*\*+", "**", pattern).rstrip("/")
    if not re.search(r"[*?]", pattern):
        pattern += "*"
    assert matches_naively(pattern, name) == bool(compile_glob("test", pattern).matches(name))
