"""The lock file in real runs: who writes it, when it is left alone, and what a change is said to be."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_claude_budget.render.comment import comment
from tests.plugin.conftest import Suite

LOCK = "claude-budget.lock.json"
BUDGET = "version: 1\nchanges:\n  run: {max_increase: 10%}\n  test: {max_increase: 25%}\n"
TWO = """
import os
from http_double import REQUEST, post
SYSTEM, CALLS = os.environ.get("SYSTEM", "Be brief."), int(os.environ.get("CALLS", "1"))
def ask(at, output=100):
    said = {**REQUEST, "system": SYSTEM, "messages": [{"role": "user", "content": f"question {at}"}]}
    return post(said, usage={"output_tokens": output})
def test_one():
    for at in range(CALLS):
        ask(at)
def test_two():
    ask("two")
"""

LOCKS: dict[tuple[tuple[str, bytes], ...], bytes] = {}
"""The lock file of each suite that was updated, by its files."""


def updated(suite: Suite) -> None:
    """`suite.run("--claude-budget-update")` for its lock file alone, which has nothing of a run or a machine: each is made once."""
    files = sorted(path for path in suite.path.rglob("*") if path.suffix in (".py", ".ini", ".yml"))
    here = str(suite.path).encode()
    key = tuple((str(path.relative_to(suite.path)), path.read_bytes().replace(here, b"")) for path in files)
    if key not in LOCKS:
        suite.run("--claude-budget-update")
        LOCKS[key] = (suite.path / LOCK).read_bytes()
    (suite.path / LOCK).write_bytes(LOCKS[key])


@pytest.mark.cold  # forks of one process have one seed of hashes, and sets one order
def test_an_update_writes_the_same_bytes_on_any_number_of_workers_and_in_any_order(suite: Suite) -> None:
    """Nothing of a run is in it but what was used."""
    suite.write(test_a=TWO)
    suite.run("--claude-budget-update")
    first = (suite.path / LOCK).read_bytes()
    for options in (["-n", "2"], ["-p", "randomly", "-p", "no:cacheprovider"]):
        (suite.path / LOCK).unlink()
        assert "2 tests added; commit it" in suite.run("--claude-budget-update", *options).result.stdout.str()
        assert (suite.path / LOCK).read_bytes() == first
    assert b"question" not in first
    assert b"brief" not in first
    assert suite.run("--claude-budget-update").result.stdout.str().count("nothing changed (2 unchanged)") == 1


def test_a_change_is_compared_explained_and_fails(suite: Suite, monkeypatch: pytest.MonkeyPatch, workers: int) -> None:
    """Two calls more of $0.0015 each; on two workers as on none."""
    suite.budget(BUDGET)
    suite.write(test_a=TWO)
    first = suite.run()
    assert f"no baseline in {LOCK} yet: pytest --claude-budget-update writes one" in first.said
    assert (first.result.ret, first.verdict, first.report["comparison"]) == (0, "within", None)
    suite.run("--claude-budget-update")
    assert suite.run(workers=workers).report["comparison"]["counts"]["unchanged"] == 2
    monkeypatch.setenv("CALLS", "3")
    outcome = suite.run(workers=workers)
    assert (outcome.result.ret, outcome.verdict) == (pytest.ExitCode.TESTS_FAILED, "over")
    comparison = outcome.report["comparison"]
    assert (comparison["before"], comparison["after"], comparison["change"]) == ("0.003", "0.006", "0.003")
    (moved, _) = comparison["owners"]
    assert (moved["owner"], moved["causes"]) == (
        "test_a.py::test_one",
        [{"cause": "calls", "amount": "0.003", "text": "makes 3 calls (was 1)"}],
    )
    outcome.result.stdout.fnmatch_lines(["*: the run costs $0.003 → $0.006: +100.0%, the limit is", "      +10%"])
    accepted = suite.run("--claude-budget-update", workers=workers)
    assert accepted.result.ret == 0
    assert "1 changed (1 unchanged)" in accepted.result.stdout.str()
    assert suite.run(workers=workers).verdict == "within"


@pytest.mark.parametrize(
    ("test", "options", "why"),
    [
        ("def test_bad(): assert False", [], "a test failed"),
        ("def test_bad(): raise KeyboardInterrupt", [], "the run was interrupted"),
        (
            "def test_bad(): ask('x'); post(REQUEST, model='claude-unknown-9')",
            [],
            "not known in full",
        ),
    ],
    ids=["failing", "interrupted", "incomplete"],
)
def test_a_lock_file_is_never_written_by_such_a_run(suite: Suite, test: str, options: list[str], why: str) -> None:
    """What is there stays, and the reason is said."""
    suite.write(test_a=TWO)
    updated(suite)
    before = (suite.path / LOCK).read_bytes()
    suite.write(test_b="from test_a import *\n" + test)
    outcome = suite.run("--claude-budget-update", "test_b.py::test_bad", "test_a.py", *options)
    assert (suite.path / LOCK).read_bytes() == before
    assert outcome.said.count("[not-updated]") == 1
    assert why in outcome.said.partition(f"{LOCK} was left as it was: ")[2].partition("[not-updated]")[0]


def test_a_test_whose_cost_nobody_can_know_is_exempt_by_its_marker(suite: Suite, workers: int) -> None:
    """Two answers of $0.0015 are known; the lock file marks the third, and the next run compares the two."""
    suite.budget(BUDGET)
    mark = "@pytest.mark.claude_budget(may_be_unknown=True)\n"
    legacy = "def test_old():\n    post(REQUEST, model='claude-unknown-9')\n"
    suite.write(test_a=TWO, test_b="import pytest\nfrom http_double import REQUEST, post\n" + mark + legacy)
    updated = suite.run("--claude-budget-update", workers=workers)
    assert (updated.result.ret, updated.verdict) == (0, "within")
    assert f"{LOCK}: 3 tests added; 1 marked as not known: test_b.py::test_old" in updated.said
    outcome = suite.run(workers=workers)
    assert (outcome.result.ret, outcome.report["comparison"]["before"]) == (0, "0.003")
    assert "exempt by may_be_unknown: 1 answer of test_b.py::test_old" in outcome.said
    assert "2 unchanged, 1 not known" in outcome.said


def test_a_part_of_the_suite_updates_only_what_ran(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    """By -k or by a path."""
    suite.write(test_a=TWO)
    updated(suite)
    monkeypatch.setenv("CALLS", "2")
    for options in (["-k", "test_one"], ["test_a.py::test_one"]):
        said = suite.run("--claude-budget-update", *options).said
        assert "1 kept as it was, since it did not run" in said
    owners = json.loads((suite.path / LOCK).read_text(encoding="utf-8"))["owners"]
    assert [
        sum(group["calls"] for group in owners[f"test_a.py::{name}"]["groups"]) for name in ("test_one", "test_two")
    ] == [2, 1]


def test_removed_and_skipped_tests_are_no_saving(suite: Suite) -> None:
    """The one is listed, the other was only left out."""
    suite.budget(BUDGET)
    suite.write(test_a=TWO)
    updated(suite)
    suite.write(test_a=TWO.replace("def test_two", "import pytest\n@pytest.mark.skip\ndef test_two"))
    skipped = suite.run().report["comparison"]
    assert (skipped["change"], skipped["counts"]["skipped"], skipped["counts"]["removed"]) == ("0", 1, 0)
    suite.write(test_a=TWO.replace("def test_two", "def helper"))
    removed = suite.run()
    assert removed.report["comparison"]["counts"]["removed"] == 1
    assert "what was removed cost $0.0015: that is not counted as a saving" in removed.result.stdout.str()


def test_a_test_that_failed_is_no_saving(suite: Suite, monkeypatch: pytest.MonkeyPatch, workers: int) -> None:
    """It fails before its call, is interrupted in it, or its fixture fails: 0.0015 of the baseline is not compared."""
    suite.write(
        test_a="""
import os, pytest
from http_double import REQUEST, post
END = os.environ.get("END")
@pytest.fixture
def ready():
    assert END != "setup"
def test_one(ready):
    assert END != "call"
    post({**REQUEST, "system": "one"})
    assert END != "late"
    post({**REQUEST, "system": "two"})
def test_two():
    post({**REQUEST, "system": "three"})
"""
    )
    updated(suite)
    for end in ("setup", "call", "late"):
        monkeypatch.setenv("END", end)
        outcome = suite.run(workers=workers)
        comparison = outcome.report["comparison"]
        assert outcome.report["run"]["failed"] == ["test_a.py::test_one"]
        assert (comparison["change"], comparison["change_percent"], comparison["at_least"]) == ("0", None, True)
        one = next(row for row in comparison["owners"] if row["owner"] == "test_a.py::test_one")
        assert (one["change"], one["change_percent"], one["not_known"]) == ("0", None, "the test failed")
        assert "verdict: within" not in outcome.said.replace("within, as far as it is known: 1 test failed", "")
        assert "1 unchanged, 1 not known" in outcome.said


def test_a_test_that_was_interrupted_is_no_saving(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    """It made the first of its two calls, and nothing says that it failed."""
    body = """
import os
from http_double import REQUEST, post
def test_one():
    post({**REQUEST, "system": "one"})
    if os.environ.get("END"):
        raise KeyboardInterrupt
    post({**REQUEST, "system": "two"})
"""
    suite.write(test_a=body)
    updated(suite)
    monkeypatch.setenv("END", "1")
    outcome = suite.run()
    report = outcome.report
    assert (report["run"]["failed"], report["comparison"]["change"]) == (["test_a.py::test_one"], "0")
    assert report["run"]["interrupted"] == ["test_a.py::test_one"]
    assert report["comparison"]["owners"][0]["not_known"] == "the test was interrupted"
    page = comment(report)
    assert "(interrupted in `test_one`)" in page.splitlines()[0]
    assert "(an interrupted test may lack some)" in outcome.said
    assert "failed" not in (page + outcome.said).replace("no failed attempt", "")


@pytest.mark.parametrize(
    "options",
    [["--collect-only"], ["--setup-only"], ["--setup-plan"], ["-p", "no:python"], ["-o", "norecursedirs=*"]],
    ids=lambda options: options[-1],
)
def test_where_no_test_ran_nothing_is_known_of_any(suite: Suite, options: list[str], workers: int) -> None:
    """The lock file stays as it is, by an update and by the run's report; nothing was removed."""
    (suite.path / "deep").mkdir()
    (suite.path / "deep" / "test_a.py").write_text(TWO, encoding="utf-8")
    updated(suite)
    before = (suite.path / LOCK).read_bytes()
    outcome = suite.run("--claude-budget-update", *options, workers=workers)
    assert (suite.path / LOCK).read_bytes() == before
    assert f"{LOCK} was left as it was: no test ran [not-updated]" in outcome.said
    counts = outcome.report["comparison"]["counts"]
    assert (counts["deselected"], counts["removed"]) == (2, 0)


NARROWER = {
    "another setting": ("-o", "python_functions=test_one"),
    "a subdirectory": ("in sub",),
    "a plugin that says nothing": ("-p", "taker"),
}


@pytest.mark.parametrize("options", NARROWER.values(), ids=NARROWER)
def test_a_run_of_less_keeps_what_it_did_not_run(
    suite: Suite, options: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    """However the suite was made smaller."""
    take = "def pytest_collection_modifyitems(items): items[:] = [one for one in items if 'test_one' in one.name]"
    suite.write(test_a=TWO, taker=take)
    (suite.path / "sub").mkdir()
    (suite.path / "sub" / "test_b.py").write_text(f"import sys; sys.path.append({str(suite.path)!r})\n{TWO}", "utf-8")
    suite.pytester.makeini("[pytest]\n")
    updated(suite)
    before = (suite.path / LOCK).read_bytes()
    if options == ("in sub",):
        monkeypatch.chdir(suite.path / "sub")
        options = ()
    outcome = suite.run("--claude-budget-update", *options, workers=workers)
    assert "2 kept as they were, since they did not run" in outcome.said
    assert (suite.path / LOCK).read_bytes() == before


@pytest.mark.parametrize("how", ["importorskip", "ignored", "class"])
def test_a_file_that_is_there_is_not_removed(suite: Suite, how: str, workers: int) -> None:
    """It skipped itself, or a conftest told pytest not to look into it; once the file is gone, it is removed."""
    body = TWO.replace("def test_two():", "class TestIt:\n  def test_two(self):")
    suite.write(test_a=TWO, test_b=body)
    updated(suite)
    before = (suite.path / LOCK).read_bytes()
    if how == "importorskip":
        suite.write(test_b="import pytest; pytest.importorskip('no_such_module_here')\n" + body)
    elif how == "ignored":
        suite.pytester.makeconftest("collect_ignore = ['test_b.py']")
    else:
        suite.write(test_b=body.replace("class TestIt", "import pytest\n@pytest.mark.skip\nclass TestIt"))
    kept = 1 if how == "class" else 2
    outcome = suite.run("--claude-budget-update", workers=workers)
    assert f"{kept} kept as {'it was' if kept == 1 else 'they were'}" in outcome.result.stdout.str()
    assert (suite.path / LOCK).read_bytes() == before
    assert outcome.report["comparison"]["counts"]["deselected" if how == "ignored" else "skipped"] == kept
    (suite.path / "test_b.py").unlink()
    assert "2 removed (2 unchanged)" in suite.run("--claude-budget-update", workers=workers).result.stdout.str()


def test_a_file_that_cannot_be_imported_is_there(suite: Suite, workers: int) -> None:
    """The run fails, and is not known; its comparison says nothing of tests that were not even found."""
    suite.budget(BUDGET)
    suite.write(test_a=TWO, test_b=TWO)
    updated(suite)
    suite.write(test_b="import no_such_module_here\n" + TWO)
    outcome = suite.run("--continue-on-collection-errors", workers=workers)
    counts = outcome.report["comparison"]["counts"]
    assert (counts["unchanged"], counts["not_reached"], counts["removed"]) == (2, 2, 0)
    assert outcome.report["verdict"]["incomplete"] == ["test_b.py could not be collected"]
    assert outcome.verdict == "incomplete"


def test_a_fixture_that_nobody_uses_any_more_is_removed(suite: Suite, workers: int) -> None:
    """Its conftest is never looked into for tests; a test that runs and fails as expected runs."""
    test = "import pytest\nfrom http_double import ask\n@pytest.mark.xfail\ndef test_one({}): assert not ask()"
    suite.pytester.makeconftest(
        "import pytest\nfrom http_double import ask\n@pytest.fixture(scope='module')\ndef corpus(): ask()"
    )
    suite.write(test_a=test.format("corpus"))
    updated(suite)
    suite.write(test_a=test.format(""))
    said = suite.run("--claude-budget-update", workers=workers).result.stdout.str()
    assert "1 removed (1 unchanged)" in said


@pytest.mark.parametrize(
    "end", ["assert False", "pytest.exit('enough', 0)", "os._exit(1)"], ids=["-x", "exit", "crash"]
)
def test_a_test_that_was_not_reached_is_there(suite: Suite, end: str, workers: int) -> None:
    """It was found, so it was not removed, whatever kept it from running."""
    if end.startswith("os") and not workers:
        end = "raise KeyboardInterrupt"
    suite.write(test_a=TWO)
    updated(suite)
    before = (suite.path / LOCK).read_bytes()
    suite.write(test_a=TWO.replace("def test_two():", f"import pytest\ndef test_end():\n    {end}\ndef test_two():"))
    options = ["--max-worker-restart=0", "--maxprocesses=1"] if workers else []
    outcome = suite.run("-x", "--claude-budget-update", *options, workers=workers)
    assert (suite.path / LOCK).read_bytes() == before
    counts = outcome.report["comparison"]["counts"]
    assert (counts["removed"], counts["unchanged"] + counts["not_reached"]) == (0, 2)
    assert len(outcome.report["verdict"]["unfinished"]) == 1, outcome.said


def test_a_report_knows_the_lock_file_that_it_was_not_compared_with(suite: Suite) -> None:
    """So that it can be taken into it: what a conftest left out is kept."""
    suite.write(test_a=TWO, test_b=TWO)
    updated(suite)
    before = (suite.path / LOCK).read_bytes()
    suite.pytester.makeconftest("collect_ignore = ['test_b.py']")
    suite.run("--claude-budget-baseline=none")
    command = [sys.executable, "-m", "pytest_claude_budget", "baseline", "update", "out.json"]
    said = subprocess.run(command, cwd=suite.path, check=True, capture_output=True, text=True).stdout
    assert "2 kept as they were" in said
    assert (suite.path / LOCK).read_bytes() == before


def test_a_file_without_a_test_is_looked_into(suite: Suite, workers: int) -> None:
    """Its last test became a helper: it is removed, though its file is there."""
    suite.write(test_a=TWO, test_b=TWO)
    updated(suite)
    suite.write(test_b=TWO.replace("def test_", "def helper_"))
    assert "2 removed (2 unchanged)" in suite.run("--claude-budget-update", workers=workers).result.stdout.str()


def test_a_test_that_makes_no_calls_any_more_saves_nothing_until_an_update(suite: Suite, workers: int) -> None:
    """$0.0015 each. It is told, in JUnit files too, also where the whole suite makes no call; a skipped one is not one of them."""
    suite.budget(BUDGET)
    skipped = 'import pytest\ndef test_three():\n    ask("three")\n    ask("three")\n'
    suite.write(test_a=TWO + skipped)
    updated(suite)
    suite.write(test_a=TWO.replace('ask("two")', "pass") + skipped.replace('ask("three")\n', "pytest.skip()\n", 1))
    outcome = suite.run("--junitxml=j.xml", workers=workers)
    comparison = outcome.report["comparison"]
    assert (comparison["before"], comparison["after"], comparison["change"]) == ("0.0015", "0.0015", "0")
    assert {row["owner"].partition("::")[2]: row["status"] for row in comparison["owners"]} == {
        "test_one": "unchanged",
        "test_two": "without_calls",
        "test_three": "skipped",
    }
    assert "1 test ran and makes no calls any more, which is no saving" in outcome.said
    assert "-$" not in outcome.said
    xml = (suite.path / "j.xml").read_text(encoding="utf-8")
    assert xml.count('<property name="claude_calls" value="0"') == 1
    assert xml.count('<property name="claude_calls_in_baseline" value="1"') == 1
    suite.write(test_a=TWO.replace('ask("two")', "pass").replace("range(CALLS)", "()"))
    silent = suite.run("--claude-budget-report=summary:s.md", workers=workers)
    assert "2 tests ran and make no calls any more, which is no saving" in silent.said
    assert "no calls in this run, but 2 tests no longer call Claude" in (suite.path / "s.md").read_text(
        encoding="utf-8"
    )
    said = "1 removed, 2 make no calls any more and were removed"
    assert said in suite.run("--claude-budget-update").said


THREE = """
import pytest
@pytest.fixture(scope="module")
def corpus():
    ask("f")
    FIXTURE
    ask("f")
MARK
def test_three(USES):
    ask("three")
    STOP
    ask("three")
"""
XFAIL = "@pytest.mark.xfail"


def with_three(mark: str = "", uses: str = "", fixture: str = "pass", stop: str = "pass") -> str:
    """The suite of two, a test with two calls, and a fixture with as many."""
    three = THREE
    for name, text in {"MARK": mark, "USES": uses, "FIXTURE": fixture, "STOP": stop}.items():
        three = three.replace(name, text)
    return TWO + three


@pytest.mark.parametrize(
    ("changed", "status", "why"),
    [
        ({"mark": XFAIL, "stop": "assert 0"}, "not_known", "the test failed as expected (xfail)"),
        ({"stop": "pytest.xfail('known')"}, "not_known", "the test failed as expected (xfail)"),
        ({"stop": "pytest.skip()"}, "not_known", "the test did not come to its end"),
        ({"mark": "@pytest.mark.xfail(run=False)"}, "skipped", None),
        ({"mark": XFAIL}, "unchanged", None),
    ],
    ids=["xfail", "xfail inside", "skip inside", "not run", "xpass"],
)
def test_a_test_that_was_cut_short_on_purpose_saves_nothing(
    suite: Suite, changed: dict[str, str], status: str, why: str | None, workers: int
) -> None:
    """It made one call of its two, and comes to no lower cost: test_one and test_two alone are compared, 2 x $0.0015."""
    suite.budget(BUDGET)
    suite.write(test_a=with_three())
    updated(suite)
    suite.write(test_a=with_three(**changed))
    outcome = suite.run(workers=workers)
    comparison = outcome.report["comparison"]
    (three,) = [row for row in comparison["owners"] if row["owner"] == "test_a.py::test_three"]
    assert (three["status"], three.get("not_known")) == (status, why)
    same = "0.006" if status == "unchanged" else "0.003"
    assert (comparison["before"], comparison["after"], comparison["change"]) == (same, same, "0")
    assert (outcome.result.ret, outcome.verdict) == (0, "within")
    assert "-$" not in outcome.said


def test_a_test_that_fails_as_expected_before_its_first_call_is_not_one_without_calls(
    suite: Suite, workers: int
) -> None:
    """Neither for the comparison nor for JUnit files; the rest is 2 x $0.0015."""
    suite.budget(BUDGET)
    suite.write(test_a=TWO + "def test_three(): ask('three')\n")
    updated(suite)
    suite.write(test_a=TWO + "import pytest\n@pytest.mark.xfail\ndef test_three(): assert 0\n")
    outcome = suite.run("--junitxml=j.xml", workers=workers)
    comparison = outcome.report["comparison"]
    assert (comparison["counts"]["not_known"], comparison["counts"]["without_calls"]) == (1, 0)
    assert (comparison["before"], comparison["after"], comparison["change"]) == ("0.003", "0.003", "0")
    assert "no calls any more" not in outcome.said
    assert "claude_calls_in_baseline" not in (suite.path / "j.xml").read_text(encoding="utf-8")


@pytest.mark.parametrize("stop", ["pytest.skip()", "pytest.xfail('known')"])
def test_a_fixture_whose_set_up_ended_early_saves_nothing(suite: Suite, stop: str, workers: int) -> None:
    """It made one of its two calls; the test that asked for it did not run."""
    suite.budget(BUDGET)
    suite.write(test_a=with_three(uses="corpus"))
    updated(suite)
    suite.write(test_a=with_three(uses="corpus", fixture=stop))
    comparison = suite.run(workers=workers).report["comparison"]
    (corpus,) = [row for row in comparison["owners"] if row["kind"] == "fixture"]
    assert (corpus["status"], corpus.get("not_known")) == ("not_known", "its set-up did not come to its end")
    assert (comparison["before"], comparison["after"], comparison["change"]) == ("0.003", "0.003", "0")


def test_a_rename_needs_a_test_that_is_gone(suite: Suite) -> None:
    """A new test asks what another one asks that only did not run: it is new, in a part that tells nothing of the run."""
    suite.budget(BUDGET)
    suite.write(test_a=TWO)
    updated(suite)
    suite.write(test_b="from test_a import ask\ndef test_copy(): ask('two')")
    for options in (
        ["-k", "copy or one"],
        ["test_b.py", "test_a.py::test_one"],
        ["--ignore=x", "--deselect=test_a.py::test_two"],
    ):
        outcome = suite.run(*options)
        counts = outcome.report["comparison"]["counts"]
        assert (counts["new"], counts["renamed"], counts["deselected"]) == (1, 0, 1)
        assert [limit["path"] for limit in outcome.report["verdict"]["not_judged"]] == ["changes.run.max_increase"]


def git(folder: Path, *arguments: str) -> None:
    """In a repository of the test's own."""
    settings = ["-c", "user.name=t", "-c", "user.email=t@example.invalid", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *settings, *arguments], cwd=folder, check=True, capture_output=True)


def test_the_lock_file_at_another_commit_is_a_baseline_too(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    """`git:REF`; a bad name is a usage error, a commit without a lock file is a first run."""
    suite.write(test_a=TWO)
    git(suite.path, "init", "-q", "-b", "main")
    git(suite.path, "commit", "-q", "--allow-empty", "-m", "empty")
    suite.run("--claude-budget-update")
    git(suite.path, "add", LOCK)
    git(suite.path, "commit", "-q", "-m", "lock")
    monkeypatch.setenv("CALLS", "2")
    suite.run("--claude-budget-update")
    comparison = suite.run("--claude-budget-baseline=git:main").report["comparison"]
    assert (comparison["change"], comparison["baseline"]["kind"]) == ("0.0015", "git")
    assert len(comparison["baseline"]["commit"]) >= 7
    assert suite.run("--claude-budget-baseline=git:main~1").report["comparison"] is None
    for bad in ("nope", "--output=x"):
        refused = suite.run(f"--claude-budget-baseline=git:{bad}")
        assert refused.result.ret == pytest.ExitCode.USAGE_ERROR
        assert "git knows none by that name" in refused.result.stderr.str()


def test_a_broken_lock_file_ends_the_run_before_it_starts(suite: Suite) -> None:
    """With its place and what to do; nothing was spent."""
    suite.write(test_a=TWO)
    (suite.path / LOCK).write_text('{"schema_version": 1,\n <<<<<<< ours', encoding="utf-8")
    refused = suite.run()
    assert refused.result.ret == pytest.ExitCode.USAGE_ERROR
    assert f"{LOCK}:2:2: expected JSON: " in refused.result.stderr.str()
    (suite.path / LOCK).write_text("", encoding="utf-8")
    assert f"{LOCK}: expected JSON, got an empty file" in suite.run().result.stderr.str()
    (suite.path / LOCK).write_text("[]", encoding="utf-8")
    assert "[bad-record]" in suite.run("-n", "2").result.stderr.str()


def test_an_update_merges_what_git_left_with_conflict_marks(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the test that did not run, our side's entry is kept; without an update the marks are named, with the way out."""
    suite.write(test_a=TWO)
    monkeypatch.setenv("SYSTEM", "theirs, a longer text: what is nearly alike is not written anew")
    suite.run("--claude-budget-update")
    theirs = (suite.path / LOCK).read_text("utf-8")
    monkeypatch.setenv("SYSTEM", "ours")
    suite.run("--claude-budget-update")
    ours = (suite.path / LOCK).read_text("utf-8")
    head, mine, yours = ours[: ours.index("  ")], ours[ours.index("  ") :], theirs[theirs.index("  ") :]
    marked = f"{head}<<<<<<< HEAD\n{mine}=======\n{yours}>>>>>>> theirs\n"
    (suite.path / LOCK).write_text(marked, encoding="utf-8")
    refused = suite.run()
    assert refused.result.ret == pytest.ExitCode.USAGE_ERROR
    assert f"{LOCK}:5: expected a merged file, got the conflict marks (<<<<<<<)" in refused.result.stderr.str()
    assert "pytest --claude-budget-update merges it" in refused.result.stderr.str()
    updated = suite.run("--claude-budget-update", "-k", "one")
    assert "both sides had changed 2; 1 of them did not run and is as one side had it" in " ".join(
        updated.result.stdout.str().split()
    )
    assert (suite.path / LOCK).read_text("utf-8") == ours
    (suite.path / LOCK).write_text("", encoding="utf-8")
    assert "2 tests added; commit it" in suite.run("--claude-budget-update").result.stdout.str()


def test_a_line_says_where_a_report_was_written(suite: Suite, workers: int) -> None:
    """Also where there was nothing else to say; a folder is made, since it was asked for."""
    suite.write(test_a=TWO, test_b="def test_quiet(): pass")
    told = suite.run("--claude-budget-report=markdown:build/new/c.md", workers=workers).result.stdout
    told.fnmatch_lines(["report: json → out.json", "report: markdown → build/new/c.md"])
    assert (suite.path / "build/new/c.md").is_file()
    suite.run("test_b.py", workers=workers).result.stdout.fnmatch_lines(["report: json → out.json"])


def test_reports_of_every_kind_are_written(suite: Suite) -> None:
    """A comment and a summary beside the JSON."""
    suite.write(test_a=TWO)
    suite.run("--claude-budget-report=markdown:c.md", "--claude-budget-report=summary:s.md")
    for name in ("c.md", "s.md"):
        assert (suite.path / name).read_text(encoding="utf-8").startswith("### Claude cost: $0.003 per run")


def test_a_model_without_rates_is_no_saving_in_any_line(
    suite: Suite, monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    """A typo in a model's name: 0.0015 before, a month of 1,000 requests $1.50; now nobody knows either."""
    features = 'features:\n  replies: {tests: ["test_a.py"], requests_per_month: {average: 1000}}\n'
    suite.budget(BUDGET + features)
    model = 'os.environ.get("MODEL", MODEL)'
    suite.write(test_a=f"import os\nfrom http_double import MODEL, ask\ndef test_one():\n    ask(model={model})\n")
    updated(suite)
    monkeypatch.setenv("MODEL", "claude-hiaku-4-5")
    outcome = suite.run("--claude-budget-report=markdown:c.md", workers=workers)
    for text in (outcome.result.stdout.str(), (suite.path / "c.md").read_text("utf-8")):
        assert "-$" not in text
        assert "-100%" not in text  # "-100" may be in the path of the folder
        assert "did you mean" in text
    assert "against claude-budget.lock.json: the change of test_a.py::test_one is not known" in outcome.said
    (month,) = outcome.report["projection"]
    assert (month["before"], month["change"], month["at_least"]) == ("1.5", None, True)
    assert outcome.verdict == "incomplete"


VARYING = """
import os, uuid
from http_double import REQUEST, post
OUTPUT = int(os.environ.get("OUTPUT", "100"))
def test_ticket():
    said = {**REQUEST, "messages": [{"role": "user", "content": f"ticket {uuid.uuid4()}"}]}
    post(said, usage={"output_tokens": OUTPUT})
"""


def test_a_text_that_is_another_one_at_each_run_makes_no_lock_file_stale(
    suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two updates write the same bytes; an increase that the lock file of the change has is accepted by it."""
    suite.budget(BUDGET)
    suite.write(test_a=VARYING)
    suite.run("--claude-budget-update")
    first = (suite.path / LOCK).read_bytes()
    (suite.path / "before.json").write_bytes(first)
    assert "nothing changed (1 unchanged)" in suite.run("--claude-budget-update").result.stdout.str()
    assert (suite.path / LOCK).read_bytes() == first
    monkeypatch.setenv("OUTPUT", "900")
    suite.run("--claude-budget-update")
    suite.run("--claude-budget-report=json:r.json")
    command = [sys.executable, "-m", "pytest_claude_budget", "gate", "r.json", "--baseline", "before.json"]
    judged = subprocess.run(
        [*command, "--lock", LOCK], cwd=suite.path, capture_output=True, text=True, check=False, timeout=60
    )
    assert (judged.returncode, "stale" in judged.stdout) == (0, False)
