"""What became of each test, as its reports tell it."""

from typing import Any, Literal

import pytest

from pytest_claude_budget.plugin.outcomes import WhatRan

SUBTEST = {"context": object()}
"""What pytest gives to the report of a subtest; the test's own comes after it."""


def report(
    when: Literal["setup", "call", "teardown"], outcome: Literal["passed", "failed", "skipped"], **more: Any
) -> Any:
    """One phase of the test `t`."""
    return pytest.TestReport("t", ("t.py", 1, "t"), {}, outcome, None, when, **more)


def told(*reports: Any) -> WhatRan:
    """What is known after these."""
    what_ran = WhatRan()
    for each in reports:
        what_ran.tested(each)
    return what_ran


def test_a_test_that_failed_as_expected_ran_and_did_not_come_to_its_end() -> None:
    """It is none that failed, nor one that was skipped; a later attempt that passes makes up for it."""
    cut = [report("setup", "passed"), report("call", "skipped", wasxfail="known"), report("teardown", "passed")]
    what_ran = told(*cut)
    assert (what_ran.ran, what_ran.xfailed, what_ran.failed, what_ran.skipped) == ({"t"}, {"t"}, set(), set())
    assert not what_ran.has_ended("t")
    again = told(*cut, report("setup", "passed"), report("call", "passed"))
    assert (again.xfailed, again.has_ended("t")) == (set(), True)


def test_a_test_that_was_expected_to_fail_and_passed_came_to_its_end() -> None:
    """All its calls were made."""
    what_ran = told(report("setup", "passed"), report("call", "passed", wasxfail="known"))
    assert (what_ran.xfailed, what_ran.has_ended("t")) == (set(), True)


def test_a_subtest_that_failed_as_expected_leaves_its_test_unended() -> None:
    """Though the test itself passes: a call of that subtest may be missing."""
    what_ran = told(
        report("setup", "passed"), report("call", "skipped", wasxfail="known", **SUBTEST), report("call", "passed")
    )
    assert (what_ran.xfailed, what_ran.has_ended("t")) == ({"t"}, False)


def test_a_test_that_was_ended_after_its_first_subtest_is_one_that_began() -> None:
    """As by a crash: nobody has reported its call."""
    subtest = report("call", "passed", **SUBTEST)
    assert told(report("setup", "passed"), subtest).begun == {"t"}
    assert told(report("setup", "passed"), subtest, report("call", "passed")).begun == set()
