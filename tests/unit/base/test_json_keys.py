"""A key that an object has twice is refused with both of its lines, in lock files and reports of any size."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_claude_budget.base.errors import InputError
from pytest_claude_budget.base.fast_json import LARGE
from pytest_claude_budget.base.json_keys import first_twice
from pytest_claude_budget.files.baseline_file import load_baseline, read_lock
from pytest_claude_budget.files.read_write import parse_json
from pytest_claude_budget.judge.read_report import read_report
from pytest_claude_budget.record.lock_text import lock_text
from pytest_claude_budget.record.record import LOCK_FILE
from tests.builders.records import group, owner, record, usage
from tests.golden.scenes import document


def refused(text: str, shown: str = LOCK_FILE) -> str:
    """The one message."""
    with pytest.raises(InputError) as caught:
        parse_json(text, shown)
    return str(caught.value)


@pytest.mark.parametrize("many", [2, 20_000])
def test_a_lock_file_with_a_test_twice_is_refused_with_both_lines(tmp_path: Path, many: int) -> None:
    """The dear one first, the cheap one last: the last one counted. Line 5 is the first test's."""
    lines = lock_text(record(*(owner(f"t{at:05}", group(usage(1000))) for at in range(many)))).split("\n")
    text = "\n".join([*lines[:5], lines[4].replace("1000", "9"), *lines[5:]])
    assert (len(text) >= LARGE) == (many > 2)
    path = tmp_path / LOCK_FILE
    path.write_text(text, encoding="utf-8")
    for read in (lambda: read_lock(path, LOCK_FILE), lambda: load_baseline(None, tmp_path)):
        with pytest.raises(InputError) as caught:
            read()
        assert str(caught.value) == (
            "claude-budget.lock.json:6:3: expected each key of an object once, got 't00000', which stands on line 5 too\n"
            "hint: take it back from git, or remove it and run pytest --claude-budget-update   [duplicate-key]"
        )


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1, "a": 1}',
        '{"x": [{"b": {}}, {"b": {"a": 1,\n"\\u0061" : 2}}]}',
        '{"a": {"a": "\\"a\\": {"}, "b": 1, "b": 2}',
        '{"": 1, "": 2}',
    ],
)
def test_a_key_may_be_twice_at_no_level(text: str) -> None:
    """However it is spelt; not what stands in a text, and not the same key of two objects."""
    assert "[duplicate-key]" in refused(text)
    assert "[duplicate-key]" in refused(text + " " * LARGE)


JSON = st.recursive(
    st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=3), inner)
)


@given(JSON, st.booleans())
def test_what_has_no_key_twice_is_read_as_it_is(value: Any, ascii_only: bool) -> None:
    """Whatever it holds: braces and quotes in texts are none of the file's own."""
    text = json.dumps(value, ensure_ascii=ascii_only)
    assert parse_json(text, "x.json") == value
    assert first_twice(text) is None


@given(st.dictionaries(st.text(), JSON, min_size=1), st.data())
def test_a_key_that_is_repeated_is_found_whatever_stands_around_it(value: dict[str, Any], data: Any) -> None:
    """At the end of an object."""
    key = data.draw(st.sampled_from(sorted(value)))
    text = f"[{json.dumps(value)[:-1]},\n{json.dumps(key)}: 0}}]"
    found = first_twice(text)
    assert found is not None
    assert (found.key, found.first, found.line, found.column) == (key, 1, 2, 1)
    assert "[duplicate-key]" in refused(text)


def test_a_report_that_lists_an_owner_twice_is_refused() -> None:
    """The sums by owner would be of one of them."""
    report = document("over")
    report["by_owner"].append({**report["by_owner"][0], "cost": "0"})
    last, name = len(report["by_owner"]) - 1, report["by_owner"][0]["owner"]
    with pytest.raises(InputError) as caught:
        read_report(report, "r.json")
    assert str(caught.value) == (
        f"r.json: by_owner[{last}]: expected each owner once, got {name!r}, who is by_owner[0] too\n"
        "hint: write it anew: pytest --claude-budget-report=json:PATH   [duplicate-owner]"
    )
