"""`gate`, `compare`, `explain`, `combine` and `baseline`: what they print, and their exit statuses."""

import json
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_claude_budget.cli import main
from pytest_claude_budget.files.load import Terms, sums_of
from pytest_claude_budget.judge.combine import covering
from pytest_claude_budget.judge.report import RunFacts, RunInfo, judge
from pytest_claude_budget.record.lock_text import lock_text
from pytest_claude_budget.record.record import OwnerRecord, Record
from pytest_claude_budget.record.selection import Selection
from pytest_claude_budget.render.json_document import report_text
from tests.builders.priced import TABLE, TODAY
from tests.builders.records import HAIKU, group, owner, record, usage

LOCK = Path("claude-budget.lock.json")
WHOLE = Selection()


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Each command runs in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def costing(name: str, cents: int, **more: Any) -> OwnerRecord:
    """One call on Haiku: 10,000 tokens of input are a cent."""
    said = json.dumps({"messages": f"{len(name):x}:9"})
    return owner(name, group(usage(10_000 * cents), HAIKU, request=said, **more))


def report(path: str, held: Record, *, id_: str = "r1", outcome: str = "passed", selection: Selection = WHOLE) -> str:
    """Write a report of a run."""
    facts = RunFacts(rates=TABLE, day=TODAY, run=RunInfo(ids=(id_,), outcome=outcome, selection=selection))
    made = judge(sums_of(held, Terms(budget=None, rates=TABLE, day=TODAY)), held, facts)
    Path(path).write_text(report_text(made), encoding="utf-8")
    return path


def lock(held: Record) -> None:
    """Write the lock file."""
    LOCK.write_text(lock_text(held), encoding="utf-8")


def budget(text: str) -> None:
    """Write the budget file."""
    Path("claude-budget.yml").write_text("version: 1\n" + text, encoding="utf-8")


BEFORE = record(costing("a.py::t", 10), costing("bb.py::t", 10))
AFTER = record(costing("a.py::t", 14), costing("bb.py::t", 10))


def test_the_gates_exit_status_decides(capsys: pytest.CaptureFixture[str]) -> None:
    """0 within, 1 over, 2 bad input, 3 incomplete."""
    lock(BEFORE)
    budget("changes:\n  test: {max_increase: 25%}\n")
    assert main(["gate", report("same.json", BEFORE)]) == 0
    assert main(["gate", report("more.json", AFTER)]) == 1
    assert main(["gate", report("more.json", AFTER), "--accepted", "label"]) == 0
    assert main(["gate", report("more.json", AFTER), "--baseline", "none"]) == 0
    assert main(["gate", "missing.json"]) == 2
    unknown = record(owner("a.py::t", group(usage(10), "unknown-9", unknown=1)))
    document = json.loads(Path(report("unknown.json", unknown)).read_text(encoding="utf-8"))
    document["unpriced"] = [
        {"owner": "a.py::t", "model": "unknown-9", "reason": "no rates", "calls": 1, "kind": "unpriced"}
    ]
    Path("unknown.json").write_text(json.dumps(document), encoding="utf-8")
    assert main(["gate", "unknown.json", "--baseline", "none"]) == 3
    assert "missing.json: there is no such file" in capsys.readouterr().err


def test_the_gate_prints_and_writes_what_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    """Text, JSON, Markdown; and files of each kind."""
    lock(BEFORE)
    path = report("more.json", AFTER)
    assert main(["gate", path, "--format", "json", "--output", "markdown:c.md", "--output", "json:v.json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["comparison"]["change"] == "0.04"
    assert json.loads(Path("v.json").read_text(encoding="utf-8")) == printed
    assert Path("c.md").read_text(encoding="utf-8").startswith("### Claude cost: +$0.04 per run (+20%)")
    assert main(["gate", path, "--output", "pdf:x"]) == 2
    assert (
        "expected KIND:PATH with a KIND of json, markdown, summary, html, speedscope, pprof, got 'pdf:x'"
        in capsys.readouterr().err
    )


def test_a_lock_file_of_the_change_itself_accepts_it_or_is_stale() -> None:
    """As a pull request carries it, against the base's."""
    budget("changes:\n  test: {max_increase: 25%}\n")
    Path("base.json").write_text(lock_text(BEFORE), encoding="utf-8")
    path = report("more.json", AFTER)
    lock(AFTER)
    assert main(["gate", path, "--baseline", "base.json", "--lock", str(LOCK), "--output", "json:v.json"]) == 0
    found = json.loads(Path("v.json").read_text(encoding="utf-8"))
    assert (found["accepted"], found["stale"]) == ("claude-budget.lock.json of this change", [])
    lock(BEFORE)
    assert main(["gate", path, "--baseline", "base.json", "--lock", str(LOCK), "--output", "json:v.json"]) == 1
    assert json.loads(Path("v.json").read_text(encoding="utf-8"))["stale"] == ["a.py::t"]


def test_compare_takes_lock_files_and_reports(capsys: pytest.CaptureFixture[str]) -> None:
    """In each form; a side that is not there is bad input."""
    lock(BEFORE)
    path = report("more.json", AFTER)
    assert main(["compare", str(LOCK), path, "--price-change"]) == 0
    said = capsys.readouterr().out
    assert "against claude-budget.lock.json: $0.20 → $0.24, +$0.04 (+20%)" in said
    assert "new prices alone: no change" in said
    assert main(["compare", str(LOCK), path, "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["change"] == "0.04"
    assert main(["compare", path, str(LOCK), "--format", "markdown"]) == 0
    assert capsys.readouterr().out.startswith("### Claude cost: -$0.04 per run (-17%)")
    LOCK.unlink()
    assert main(["compare", str(LOCK), path]) == 2
    assert "[no-baseline]" in capsys.readouterr().err


def test_explain_says_every_cause_of_one_test(capsys: pytest.CaptureFixture[str]) -> None:
    """By its id or the end of it."""
    lock(BEFORE)
    path = report("more.json", AFTER)
    assert main(["explain", "a.py::t", path]) == 0
    assert capsys.readouterr().out == (
        "a.py::t: $0.10 → $0.14, changed\n"
        "  input +40,000 tokens                                                     +0.04\n"
        "  change                                                                   +0.04\n"
    )
    assert main(["explain", "t", path]) == 2
    assert "got 2 that end so\nhint: one of a.py::t, bb.py::t   [unknown-test]" in capsys.readouterr().err
    LOCK.unlink()
    assert main(["explain", "a.py::t", path]) == 0
    assert "there is no baseline" in capsys.readouterr().out


def test_explain_takes_all_parameters_of_a_test(capsys: pytest.CaptureFixture[str]) -> None:
    """10 + 20 cents become 14 + 20. A name is a whole one, where it is one: `test_y` is not the end of `test_my`."""
    ids = ("tests/test_x.py::test_y[a]", "tests/test_x.py::test_y[b/c::d]", "tests/test_x.py::test_my[a]")
    lock(record(costing(ids[0], 10), costing(ids[1], 20), costing(ids[2], 1)))
    path = report("more.json", record(costing(ids[0], 14), costing(ids[1], 20), costing(ids[2], 1)))
    for name in ("tests/test_x.py::test_y", "test_x.py::test_y", "test_y"):
        assert main(["explain", name, path]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert [line for line in lines if "$" in line] == [
            f"{ids[0]}: $0.10 → $0.14, changed",
            f"{ids[1]}: $0.20 → $0.20, unchanged",
            "2 together: $0.30 → $0.34",
        ]
    assert main(["explain", "test_y[a]", path]) == 0
    assert capsys.readouterr().out.startswith(f"{ids[0]}: $0.10 → $0.14, changed\n")
    assert main(["explain", "y[a]", path]) == 2
    assert (
        "got 2 that end so\nhint: one of tests/test_x.py::test_my, tests/test_x.py::test_y " in capsys.readouterr().err
    )


IS_LOCK = (
    "claude-budget.lock.json: expected a JSON report, got a lock file\nhint: claude-budget baseline show, compare, "
    "project and whatif take it"
)
IS_REPORT = (
    ": expected a lock file, got a JSON report\nhint: claude-budget gate, compare, explain, project and whatif take it"
)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["gate", str(LOCK)], IS_LOCK),
        (["explain", "a.py::t", str(LOCK)], IS_LOCK),
        (["combine", str(LOCK)], IS_LOCK),
        (["init", "new.yml", "--from", str(LOCK)], IS_LOCK),
        (["baseline", "update", str(LOCK)], IS_LOCK),
        (["gate", "out.json", "--lock", "out.json"], f"out.json{IS_REPORT}"),
        (["baseline", "update", "out.json", "--lock", "out.json"], f"out.json{IS_REPORT}"),
        (["baseline", "merge", str(LOCK), "out.json", str(LOCK)], f"out.json{IS_REPORT}"),
        (["check", "out.json"], "out.json: expected a budget file, got a JSON report\n"),
        (["check", str(LOCK)], f"{LOCK}: expected a budget file, got a lock file\n"),
        (["gate", "out.json", "--budget", str(LOCK)], f"{LOCK}: expected a budget file, got a lock file\n"),
    ],
)
def test_a_file_of_another_kind_is_told_with_the_command_that_takes_it(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """And neither file is touched."""
    lock(BEFORE)
    before = Path(report("out.json", BEFORE)).read_bytes()
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith(said)
    assert error.endswith("[other-kind]\n")
    assert (LOCK.read_text(encoding="utf-8"), Path("out.json").read_bytes()) == (lock_text(BEFORE), before)


def test_combine_adds_shards_up(capsys: pytest.CaptureFixture[str]) -> None:
    """The same document in either order."""
    one, other = (
        report("1.json", record(costing("a.py::t", 1))),
        report("2.json", record(costing("b.py::t", 2)), id_="r2"),
    )
    assert main(["combine", one, other, "--output", "all.json"]) == 0
    capsys.readouterr()
    assert main(["combine", other, one]) == 0
    assert capsys.readouterr().out == Path("all.json").read_text(encoding="utf-8")
    whole = json.loads(Path("all.json").read_text(encoding="utf-8"))
    assert (whole["totals"]["cost"], whole["run"]["ids"]) == ("0.03", ["r1", "r2"])
    assert main(["combine", one, one]) == 2
    assert main(["combine", "all.json", other]) == 2
    assert "[duplicate-shard]" in capsys.readouterr().err


def test_combine_refuses_a_test_that_two_shards_ran(capsys: pytest.CaptureFixture[str]) -> None:
    """Its calls would count twice; a fixture is set up in each shard, and costs as often."""
    fixture = replace(costing("conftest.py::corpus", 3), kind="fixture")
    one = report("1.json", record(costing("a.py::t", 1), fixture))
    other = report("2.json", record(costing("b.py::t", 2), fixture), id_="r2")
    again = report("3.json", record(costing("a.py::t", 1)), id_="r3")
    assert main(["combine", one, other, "--output", "all.json"]) == 0
    assert json.loads(Path("all.json").read_text(encoding="utf-8"))["totals"]["cost"] == "0.09"
    assert main(["combine", one, other, again]) == 2
    assert "3.json: a.py::t ran in 1.json too: its calls would count twice" in capsys.readouterr().err


def test_a_comparison_knows_what_a_report_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    """Of one shard, and of several that are still a part."""
    lock(record(*(costing(f"{name}/t.py::t", 1) for name in "abc")))
    shards = [
        report(f"{name}.json", record(costing(f"{name}/t.py::t", 1)), id_=name, selection=Selection(paths=(name,)))
        for name in "ab"
    ]
    assert main(["combine", *shards, "--output", "both.json"]) == 0
    for path, counts in ((shards[0], "1 unchanged, 2 deselected"), ("both.json", "2 unchanged, 1 deselected")):
        assert main(["compare", str(LOCK), path]) == 0
        assert counts in capsys.readouterr().out


def test_baseline_update_takes_a_report_as_pytest_would(capsys: pytest.CaptureFixture[str]) -> None:
    """Never from a run that failed."""
    assert main(["baseline", "update", report("r.json", AFTER)]) == 0
    assert LOCK.read_text(encoding="utf-8") == lock_text(AFTER)
    assert main(["baseline", "update", report("f.json", BEFORE, outcome="failed")]) == 2
    assert LOCK.read_text(encoding="utf-8") == lock_text(AFTER)
    said = capsys.readouterr().out
    assert "claude-budget.lock.json: 2 tests added; commit it\n" in said
    assert "left as it was: a test failed   [not-updated]" in said


LEGACY = owner("old.py::t", group(usage(), "claude-2.1", calls=3, unknown=3, request="{}"))
REASON = "a legacy completion says no usage"


def with_legacy(path: str, *owners: OwnerRecord) -> str:
    """A report with three answers of unknown cost."""
    document = json.loads(Path(report(path, record(*owners, LEGACY))).read_text(encoding="utf-8"))
    document["unpriced"] = [
        {"owner": "old.py::t", "model": "claude-2.1", "reason": REASON, "calls": 3, "kind": "unmeasured"}
    ]
    Path(path).write_text(json.dumps(document), encoding="utf-8")
    return path


@pytest.mark.parametrize("written", ["on_incomplete: warn\n", "may_be_unknown: [old.py]\n"])
def test_an_answer_that_cannot_be_measured_forbids_no_lock_file_where_somebody_wrote_so(
    written: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its owner is marked. From then on it is not known, and what else there is is compared: 10 cents, then 14."""
    path = with_legacy("r.json", costing("a.py::t", 10))
    assert main(["gate", path]) == 0
    assert "see to what is not known" in said_of_update(capsys, path)
    budget(written)
    assert main(["baseline", "update", path]) == 0
    assert "2 tests added; 1 marked as not known: old.py::t; commit it\n" in capsys.readouterr().out
    assert '"unknown": 3' in LOCK.read_text(encoding="utf-8")
    once = LOCK.read_bytes()
    assert main(["baseline", "update", path]) == 0
    assert LOCK.read_bytes() == once
    assert main(["gate", with_legacy("s.json", costing("a.py::t", 14)), "--output", "json:v.json"]) == 0
    found = json.loads(Path("v.json").read_text(encoding="utf-8"))["comparison"]
    assert (found["before"], found["after"], found["change"], found["change_percent"]) == ("0.1", "0.14", "0.04", None)
    assert {row["owner"]: row["status"] for row in found["owners"]} == {"a.py::t": "changed", "old.py::t": "not_known"}
    assert main(["gate", path, "--output", "markdown:c.md"]) == 0
    page = Path("c.md").read_text(encoding="utf-8")
    assert page.startswith(
        "### Claude cost: not known in full, $0.10 per run plus 3 answers of unknown cost (was at least $0.10)"
    )
    assert "| not known | not known | not known |" in page
    capsys.readouterr()
    assert main(["explain", "old.py::t", path]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[:2] == ["old.py::t: unknown → unknown, not known", "not known: no rates for model 'claude-2.1'"]


def said_of_update(capsys: pytest.CaptureFixture[str], path: str) -> str:
    """What an update would have to wait for, as the JSON report and the refusal say it."""
    assert main(["gate", path, "--output", "json:v.json"]) == 0
    steps = json.loads(Path("v.json").read_text(encoding="utf-8"))["before_update"]
    capsys.readouterr()
    assert main(["baseline", "update", path]) == 2
    assert "the cost is not known in full; if this is on purpose, write on_incomplete: warn" in capsys.readouterr().out
    return ", ".join(steps)


def test_a_run_that_was_not_measured_in_full_is_no_baseline_whatever_is_tolerated(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Calls may be missing from any test: none can be marked."""
    budget("on_incomplete: warn\n")
    document = json.loads(Path(report("r.json", BEFORE)).read_text(encoding="utf-8"))
    Path("r.json").write_text(json.dumps({**document, "faults": ["the ledger cannot be read"]}), encoding="utf-8")
    assert main(["baseline", "update", "r.json"]) == 2
    assert "measuring itself failed, so that calls may be missing   [not-updated]" in capsys.readouterr().out


@pytest.mark.parametrize("legacy", [True, False])
def test_what_cannot_be_updated_is_not_advised_to_be(legacy: bool, capsys: pytest.CaptureFixture[str]) -> None:
    """By the gate, by explain and in a comment; and where an update would do, it is advised alone."""
    budget("limits:\n  - {scope: run, max_cost: 5}\n")
    path = with_legacy("r.json", costing("a.py::t", 10)) if legacy else report("r.json", BEFORE)
    main(["gate", path, "--output", "markdown:c.md"])
    main(["explain", "a.py::t", path])
    whole = " ".join(capsys.readouterr().out.split()) + Path("c.md").read_text(encoding="utf-8").replace("`", "")
    first = whole.count("see to what is not known, then pytest --claude-budget-update writes one")
    assert first == (2 if legacy else 0)
    assert ("see to what is not known, then run pytest --claude-budget-update" in whole) is legacy
    assert whole.count("pytest --claude-budget-update") == 3


def test_a_test_that_makes_no_calls_any_more_is_told_loudly_and_saves_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """10 cents each before. One ran without a call: 10 cents on both sides, until the lock file has it no more."""
    budget("limits:\n  - {scope: run, max_cost: 5}\nchanges:\n  run: {max_increase: 0%}\n")
    lock(BEFORE)
    Path("base.json").write_text(lock_text(BEFORE), encoding="utf-8")
    path = report("r.json", record(costing("a.py::t", 10)), selection=Selection(ran=frozenset({"bb.py::t"})))
    assert main(["gate", path, "--output", "json:v.json", "--output", "markdown:c.md"]) == 0
    said = capsys.readouterr().out
    once = " ".join(said.split())
    look = "see whether a mock or an early return took the place of the call; if that is intended, pytest --claude-budget-update accepts it"
    assert f"1 test ran and makes no calls any more, which is no saving: {look}" in once
    assert "\n  bb.py::t (cost $0.10 before)\n" in said
    assert "verdict: within, as far as it is known: 1 test makes no calls any more" in said
    assert "-$" not in said
    found = json.loads(Path("v.json").read_text(encoding="utf-8"))
    assert (found["comparison"]["before"], found["comparison"]["change"]) == ("0.1", "0")
    assert {row["owner"]: row["status"] for row in found["comparison"]["owners"]}["bb.py::t"] == "without_calls"
    page = Path("c.md").read_text(encoding="utf-8")
    first = "1 test no longer calls Claude; all else is unchanged at $0.10 per run; no limit is exceeded"
    assert page.startswith(f"### Claude cost: {first}\n")
    look = "See whether a mock or an early return took the place of the call; if that is intended, run `pytest --claude-budget-update`"
    assert f"**No longer call Claude**, which is not counted as a saving: `t` (was $0.10). {look}" in page
    assert "1 without calls" in page
    assert page.count("--claude-budget-update") == 1
    assert main(["baseline", "update", path]) == 0
    assert "1 makes no calls any more and was removed (1 unchanged)" in capsys.readouterr().out
    assert main(["gate", path, "--baseline", "base.json", "--lock", str(LOCK), "--output", "json:v.json"]) == 0
    assert json.loads(Path("v.json").read_text(encoding="utf-8"))["comparison"]["change"] == "-0.1"


def test_baseline_show_lists_the_dearest_first(capsys: pytest.CaptureFixture[str]) -> None:
    """Priced today."""
    assert main(["baseline", "show"]) == 0
    assert "there is no baseline yet" in capsys.readouterr().out
    lock(AFTER)
    assert main(["baseline", "show"]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert rows[1:4] == [
        ["a.py::t", "1", "140,000", "$0.14"],
        ["bb.py::t", "1", "100,000", "$0.10"],
        ["total", "2", "240,000", "$0.24"],
    ]


def test_a_report_is_not_judged_away_from_the_budget_that_it_was_over(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its limit of $0.10 in `app`, $0.14 there; from the top it was unjudged, status 0, and so were its shards together."""
    app = Path("app").absolute()
    app.mkdir()
    (app / "a.py").touch()
    monkeypatch.chdir(app)
    budget("limits: [{scope: run, max_cost: 0.10}]\n")
    arguments = ["gate", report("out.json", record(costing("a.py::t", 14)))]
    assert main([*arguments, "--output", "json:../judged.json"]) == 1
    monkeypatch.chdir(app.parent)
    capsys.readouterr()
    for command in ("gate", "combine"):
        assert main([command, "judged.json"]) == 2
        said = capsys.readouterr().err
        assert "it was judged by claude-budget.yml where its tests are, and there is no budget file here" in said
        assert "hint: run this in app, or name the budget file with --budget   [other-folder]" in said
    assert main(["gate", "judged.json", "--budget", "app/claude-budget.yml"]) == 1


def test_baseline_show_says_no_dollars_of_what_nobody_knows(capsys: pytest.CaptureFixture[str]) -> None:
    """Of a known $0.10 and an unknown rest: at least that; of an unknown alone no amount, as the run's own table has it."""
    lock(record(owner("a.py::t", group(usage(0), HAIKU, unknown=1)), owner("b.py::t", group(usage(100_000), HAIKU))))
    assert main(["baseline", "show"]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert rows[1:4] == [
        ["b.py::t", "1", "100,000", "$0.10"],
        ["a.py::t", "1", "0", "unpriced"],
        ["total", "2", "100,000", "at", "least", "$0.10"],
    ]


def test_baseline_merge_is_a_merge_driver(capsys: pytest.CaptureFixture[str]) -> None:
    """The result replaces ours; what both changed is a conflict, status 1."""
    for name, held in (
        ("base", BEFORE),
        ("ours", AFTER),
        ("theirs", record(costing("a.py::t", 10), costing("bb.py::t", 20))),
    ):
        Path(name).write_text(lock_text(held), encoding="utf-8")
    assert main(["baseline", "merge", "base", "ours", "theirs"]) == 0
    assert Path("ours").read_text(encoding="utf-8") == lock_text(
        record(costing("a.py::t", 14), costing("bb.py::t", 20))
    )
    Path("theirs").write_text(lock_text(record(costing("a.py::t", 15), costing("bb.py::t", 20))), encoding="utf-8")
    assert main(["baseline", "merge", "base", "ours", "theirs"]) == 1
    assert "both sides changed a.py::t: ours is kept" in capsys.readouterr().out


@pytest.mark.parametrize(
    "command", ["gate", "compare", "explain", "combine", "baseline", "project", "whatif", "init", "check", "rates"]
)
def test_every_command_has_help_with_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Status 0."""
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert f"example:\n  claude-budget {command}" in capsys.readouterr().out


def test_budget_and_lock_file_are_those_of_pytests_rootdir(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """10 to 14 cents is more than the 25% that the rootdir's budget allows; the update goes to the rootdir's lock file."""
    lock(BEFORE)
    budget("changes:\n  test: {max_increase: 25%}\n")
    Path("pytest.ini").write_text("", encoding="utf-8")
    (tmp_path / "tests").mkdir()
    monkeypatch.chdir(tmp_path / "tests")
    assert main(["gate", report("more.json", AFTER)]) == 1
    assert main(["baseline", "show"]) == 0
    assert "a.py::t" in capsys.readouterr().out
    assert main(["explain", "a.py::t", "more.json"]) == 0
    assert main(["baseline", "update", "more.json"]) == 0
    assert not LOCK.exists()
    assert main(["gate", "more.json"]) == 0


def marked(ours: Record, theirs: Record, base: Record | None = None) -> str:
    """A lock file as git leaves it: what both sides have is there once."""
    sides = [lock_text(side).splitlines(keepends=True) for side in (ours, theirs, base) if side is not None]
    head, tail = sides[0][:3], sides[0][-2:]
    mine, yours, *older = ("".join(side[3:-2]) for side in sides)
    diff3 = f"||||||| 5f9d731\n{older[0]}" if older else ""
    return f"{''.join(head)}\n<<<<<<< HEAD\n{mine}\n{diff3}=======\n{yours}\n>>>>>>> main\n{''.join(tail)}"


@pytest.mark.parametrize(("side", "cents"), [("ours", 14), ("theirs", 15)])
def test_baseline_update_takes_a_side_where_git_left_conflict_marks(
    side: str, cents: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """What only one side has is kept; what both changed is as the side has it."""
    ours = record(costing("a.py::t", 14), costing("bb.py::t", 10), costing("c.py::mine", 1))
    theirs = record(costing("a.py::t", 15), costing("bb.py::t", 10), costing("d.py::theirs", 2))
    LOCK.write_text(marked(ours, theirs), encoding="utf-8")
    assert main(["baseline", "show"]) == 2
    assert capsys.readouterr().err == (
        "claude-budget.lock.json:5: expected a merged file, got the conflict marks (<<<<<<<) that git leaves where both "
        "sides changed it\nhint: pytest --claude-budget-update merges it; without a run, claude-budget baseline update "
        "--ours, or --theirs   [conflict-marks]\n"
    )
    assert main(["baseline", "update", f"--{side}"]) == 0
    assert "the conflict marks are gone; 1 that both sides changed is as " in capsys.readouterr().out
    merged = record(
        costing("a.py::t", cents), costing("bb.py::t", 10), costing("c.py::mine", 1), costing("d.py::theirs", 2)
    )
    assert LOCK.read_text(encoding="utf-8") == lock_text(merged)
    assert main(["baseline", "update", f"--{side}"]) == 0
    assert "there are no conflict marks" in capsys.readouterr().out
    assert main(["baseline", "update", "--theirs", report("out.json", BEFORE)]) == 0


def test_marks_with_a_base_tell_what_each_side_removed() -> None:
    """Ours removed `bb`, theirs left it as it was: it is gone."""
    ours, theirs = record(costing("a.py::t", 14)), record(costing("a.py::t", 10), costing("bb.py::t", 10))
    LOCK.write_text(marked(ours, theirs, BEFORE), encoding="utf-8")
    assert main(["baseline", "update", "--ours"]) == 0
    assert LOCK.read_text(encoding="utf-8") == lock_text(ours)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "expected JSON, got an empty file"),
        (" \n", "expected JSON, got an empty file"),
        ("{", "expected JSON: "),
        ('{"schema_version": 2}', "got 2, which a newer version writes\nhint: install a newer version: pip install"),
        ("<<<<<<< a\n{\n=======\n}\n>>>>>>> b\n", "got the conflict marks (<<<<<<<)"),
    ],
)
def test_a_lock_file_that_is_broken_says_what_to_do(text: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """And what it says can be done: an update refuses such a file, but for an empty one and one with marks."""
    LOCK.write_text(text, encoding="utf-8")
    assert main(["gate", report("out.json", BEFORE)]) == 2
    assert said in capsys.readouterr().err
    assert main(["baseline", "update", "--ours"]) == (0 if not text.strip() else 2)


def test_a_byte_order_mark_is_no_part_of_a_file() -> None:
    """In a lock file and a report."""
    LOCK.write_text("\ufeff" + lock_text(BEFORE), encoding="utf-8")
    path = report("out.json", BEFORE)
    Path(path).write_text("\ufeff" + Path(path).read_text(encoding="utf-8"), encoding="utf-8")
    assert main(["gate", path]) == 0


def test_a_byte_order_mark_is_no_part_of_a_file_at_a_commit(tmp_path: Path) -> None:
    """As `git show` gives it."""
    LOCK.write_text("\ufeff" + lock_text(BEFORE), encoding="utf-8")
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "x"]):
        settings = ["-c", "user.name=t", "-c", "user.email=t@example.invalid", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", *settings, *arguments], cwd=tmp_path, check=True, capture_output=True)
    assert main(["gate", report("out.json", BEFORE), "--baseline", "git:HEAD"]) == 0


def test_it_is_said_where_reports_were_written(capsys: pytest.CaptureFixture[str]) -> None:
    """Beside a document on stderr, so that the document stays one; a lock file's folder is never made."""
    path = report("out.json", BEFORE)
    assert main(["gate", path, "--output", "markdown:new/c.md"]) == 0
    assert capsys.readouterr().out.endswith("report: markdown → new/c.md\n")
    assert main(["gate", path, "--format", "json", "--output", "json:v.json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["verdict"]
    assert said.err == "report: json → v.json\n"
    assert main(["combine", path, "--output", "all.json"]) == 0
    assert capsys.readouterr().out == "report: json → all.json\n"
    assert main(["baseline", "update", path, "--lock", "missing/x.lock.json"]) == 2
    assert "there is no folder 'missing'" in capsys.readouterr().err


def test_conflict_marks_in_a_budget_file_are_named_as_such(capsys: pytest.CaptureFixture[str]) -> None:
    """And not as YAML that is odd."""
    budget("<<<<<<< HEAD\nlimits: []\n=======\non_incomplete: warn\n>>>>>>> main\n")
    assert main(["check"]) == 2
    assert capsys.readouterr().err.startswith("claude-budget.yml:2: expected a merged file, got the conflict marks")


def test_shards_are_the_whole_suite_only_where_they_have_every_test_of_the_baseline() -> None:
    """Each was chosen by `-k`; one run alone that was so chosen stays a part, whatever the baseline has."""
    two = RunInfo(ids=("r1", "r2"), selection=Selection(narrowed="-k"))
    assert covering(two, AFTER, BEFORE).selection.whole
    assert two == covering(two, record(costing("a.py::t", 14)), BEFORE)
    assert two == covering(two, AFTER, None)
    one = replace(two, ids=("r1",))
    assert one == covering(one, AFTER, BEFORE)
