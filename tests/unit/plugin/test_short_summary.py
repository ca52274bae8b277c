"""A run that fails by its cost says why in a few words; what other plugins read of pytest's terminal stays as it was."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_claude_budget.budget.limits import Budget
from pytest_claude_budget.calls.call import Owner
from pytest_claude_budget.judge.report import CostReport
from pytest_claude_budget.plugin.report_and_verdict import Conclusion
from pytest_claude_budget.plugin.short_summary import LastLines, LastWord, last_words
from tests.unit.judge.test_report import one_call, report_of, run_limit


def said(report: CostReport | None, *problems: str, unconcluded: str | None = None) -> list[str]:
    """The lines as pytest writes them."""
    conclusion = Conclusion(fails=True, report=report, problems=problems)
    return [f"{word.word} {word.where} - {word.text}" for word in last_words(conclusion, unconcluded)]


def test_tests_over_one_limit_are_one_line_and_a_whole_id_stands_behind_the_figures() -> None:
    """A call costs $0.0015; the limit of a test is $0.001, and that of the run $0.002."""
    of_test = replace(
        run_limit("0.001").limits[0], scope="test", path="limits[1].max_cost", where="claude-budget.yml:5"
    )
    calls = [replace(one_call(), id=at, owner=Owner(id=f"a.py::t{at}", kind="test", phase="call")) for at in range(2)]
    one = Budget(limits=(of_test,), source="claude-budget.yml")
    assert said(report_of(calls[:1], one)) == [
        "OVER claude-budget.yml:5 - t0: $0.0015, limit $0.001 (a.py::t0)",
    ]
    both = Budget(limits=(*run_limit("0.002").limits, of_test), source="claude-budget.yml")
    assert said(report_of(calls, both)) == [
        "OVER claude-budget.yml:3 - the run: $0.003, limit $0.002",
        "OVER claude-budget.yml:5 - 2 tests, up to $0.0015, limit $0.001",
    ]


def test_what_kept_a_run_from_being_judged_is_named_in_one_line() -> None:
    """The first line of the first one."""
    assert said(report_of([one_call()]), "out.json: no\nhint: so") == ["ERROR claude cost - out.json: no"]
    assert said(None, unconcluded="it could not be judged") == ["ERROR claude cost - it could not be judged"]


def test_a_run_that_passes_has_no_last_words() -> None:
    """Within its limit, or without one."""
    assert said(report_of([one_call()], run_limit("1"))) == []
    assert said(report_of([one_call()])) == []


def test_twelve_limits_are_counted_and_three_of_them_named(pytestconfig: pytest.Config) -> None:
    """With why, and with what else keeps the run from passing. Errors of other plugins stay in their place."""
    words = [
        LastWord(word="OVER", kind="Claude budget limits exceeded", where=f"b.yml:{at}", text="over")
        for at in range(12)
    ]
    words.append(LastWord(word="WHY", kind="", where="claude cost", text="+$1.00 in t"))
    words.append(LastWord(word="ERROR", kind="budget error", where="claude cost", text="no file"))
    stats: dict[str, list[Any]] = {"error": ["another"]}
    lines = LastLines(pytestconfig, SimpleNamespace(stats=stats), words)
    assert {kind: len(own) for kind, own in stats.items()} == {
        "Claude budget limits exceeded": 12,
        "budget error": 1,
        "error": 1,
    }
    lines.pytest_terminal_summary()
    first, *ours = stats["error"]
    said = [str(report.longrepr) for report in ours]
    assert (first, said) == (
        "another",
        ["over", "over", "over", "9 more limits, named above", "+$1.00 in t", "no file"],
    )
    assert [lines.pytest_report_teststatus(report) for report in (ours[0], ours[3])] == [("error", "E", "OVER")] * 2
    lines.after_summary()
    assert stats["error"] == ["another"]


def test_of_more_limits_than_stand_above_so_many_are_said_to(pytestconfig: pytest.Config) -> None:
    """Twenty stand there."""
    for many, said in ((20, "17 more limits, named above"), (21, "18 more limits; above are 20 of them all")):
        words = [LastWord(word="OVER", kind="Claude budget limits exceeded", where="b.yml:1", text="over")] * many
        stats: dict[str, list[Any]] = {}
        LastLines(pytestconfig, SimpleNamespace(stats=stats), words).pytest_terminal_summary()
        assert str(stats["error"][-1].longrepr) == said


def test_what_refused_calls_is_no_limit_that_was_exceeded() -> None:
    """The verdict counts one limit, and so does the final line."""
    report = report_of([one_call()], run_limit("0.001"))
    refused = replace(report, verdict=replace(report.verdict, capped=("the cap of $5.00 refused calls of 3 tests",)))
    words = last_words(Conclusion(fails=True, report=refused, problems=()), None)
    assert [(each.kind, each.text) for each in words] == [
        ("Claude budget cap refused calls", "the cap of $5.00 refused calls of 3 tests"),
        ("Claude budget limit exceeded", "the run: $0.0015, limit $0.001"),
    ]


def test_a_limit_is_named_as_its_file_was_wherever_pytest_was_started(
    pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pytest shows node ids as paths from there."""
    elsewhere = pytestconfig.rootpath / "a" / "b"
    params = replace_dir(pytestconfig, elsewhere)
    monkeypatch.setattr(pytestconfig, "invocation_params", params)
    stats: dict[str, list[Any]] = {}
    word = LastWord(word="OVER", kind="Claude budget limit exceeded", where="../budget.yml:3", text="over")
    LastLines(pytestconfig, SimpleNamespace(stats=stats), [word])
    (report,) = stats["Claude budget limit exceeded"]
    shown = pytestconfig.cwd_relative_nodeid(getattr(report, "id", report.nodeid))
    assert str(shown) == "../budget.yml:3"


def replace_dir(config: pytest.Config, folder: Any) -> Any:
    """The same invocation, from another folder."""
    params = config.invocation_params
    return pytest.Config.InvocationParams(args=params.args, plugins=params.plugins, dir=folder)
