"""`project`, `whatif` and `init --from`: what they print and write, and their exit statuses."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_claude_budget.budget import tighten as tightening
from pytest_claude_budget.cli import main
from pytest_claude_budget.files.budget_file import load_budget
from pytest_claude_budget.record.lock_text import lock_text
from pytest_claude_budget.record.record import Record
from tests.builders.records import HAIKU, group, owner, record, request, usage

FEATURES = """\
version: 1
features:
  triage:
    tests: ["tests/triage/**"]
    requests_per_month: 50_000
  nobody:
    requests_per_month: 10
projection:
  growth: {double: 2}
"""
A, B = "tests/triage/test_a.py::test_a", "tests/triage/test_a.py::test_b[`x`|@you]"
NO_USAGE: dict[str, int] = {}


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def two_tests(fresh: int = 1000) -> Record:
    """$0.003 a thousand for the first, $0.009 for the second."""
    return record(owner(A, group(usage(fresh))), owner(B, group(usage(3000))))


def write_report(told: Record, name: str = "out.json", **changes: Any) -> None:
    """A JSON report, as far as it is read back."""
    totals = {"cost": "0.012", "spent": "0", "calls": 2, "attempts": 2, "free": 0, "usage": NO_USAGE}
    answers = dict.fromkeys(("seen", "priced", "unpriced", "unmeasured", "free"), 0)
    document: dict[str, Any] = {
        "schema_version": 1,
        "rates_as_of": told.rates_as_of.isoformat(),
        "record": json.loads(lock_text(told)),
        "run": {"ids": ["r1"], "outcome": "passed", "paths": [], "narrowed": None, "skipped": []},
        "verdict": {"outcome": "within"},
        "totals": totals,
        "by_owner": [],
        "answers": answers,
    }
    for key, value in changes.items():
        document[key] = document[key] | value if isinstance(value, dict) else value
    Path(name).write_text(json.dumps(document), encoding="utf-8")


def budget(text: str = FEATURES) -> None:
    Path("claude-budget.yml").write_text(text, encoding="utf-8")


def said(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> str:
    """What a command prints, to the stream that belongs to its status."""
    dated = ("--on", "2026-11-23") if arguments[0] in ("project", "whatif") else ()
    assert main((*arguments, *dated)) == status
    captured = capsys.readouterr()
    assert (captured.err if status == 0 else captured.out) == ""
    return captured.out if status == 0 else captured.err


def test_project_shows_each_figure_with_what_it_rests_on(capsys: pytest.CaptureFixture[str]) -> None:
    """The mean of $0.003 and $0.009, 50,000 times: $300. What has no test is not known, and never $0."""
    budget()
    write_report(two_tests())

    text = said(capsys, "project", "out.json")

    assert text == (
        "Claude cost a month at list price, judged as measured\n"
        "\n"
        "                                      requests  before             after  change\n"
        "triage, average                         50,000                   $300.00\n"
        "    2 tests: $150.00 to $450.00; warm cache $300.00, cold $300.00\n"
        "    tests/triage/test_a.py::test_a\n"
        "    tests/triage/test_a.py::test_b[`x`|@you]\n"
        "triage, double                         100,000                   $600.00\n"
        "    2 tests: $300.00 to $900.00; warm cache $600.00, cold $600.00\n"
        "nobody, average                             10                 not known\n"
        "    no test of it made a call in this run\n"
        "nobody, double                              20                 not known\n"
        "    no test of it made a call in this run\n"
        "all, average                                            at least $300.00\n"
        "all, double                                             at least $600.00\n"
        "\n"
        "mean of each feature's tests x requests a month; rates as of 2026-11-23\n"
    )


def test_project_compares_with_the_lock_file_or_what_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """$0.003 became $0.006: the mean rises by $0.0015, a month by $75."""
    budget()
    write_report(two_tests(2000))
    write_report(two_tests(2000), "same.json")
    Path("claude-budget.lock.json").write_text(lock_text(two_tests()), encoding="utf-8")

    by_lock, same, alone = (
        json.loads(said(capsys, "project", "out.json", "--format", "json", *more))["projection"][0]
        for more in ([], ["--baseline", "same.json"], ["--baseline", "none"])
    )

    assert (by_lock["before"], by_lock["after"], by_lock["change"]) == ("300", "375", "75")
    assert (same["before"], same["change"]) == ("375", "0")
    assert (alone["before"], alone["change"]) == (None, None)


def test_project_of_the_lock_file_itself_has_no_baseline(capsys: pytest.CaptureFixture[str]) -> None:
    budget()
    Path("claude-budget.lock.json").write_text(lock_text(two_tests()), encoding="utf-8")

    document = json.loads(said(capsys, "project", "claude-budget.lock.json", "--format", "json"))

    assert document["projection"][0]["before"] is None
    assert document["totals"][0] == {
        "scenario": "average", "after": "300", "compared_before": "0", "compared_after": "0", "at_least": True,
        "missing": ["nobody"],
    }  # fmt: skip


def test_project_in_markdown_keeps_names_as_code(capsys: pytest.CaptureFixture[str]) -> None:
    """A feature's name mentions nobody and ends no cell."""
    budget('version: 1\nfeatures:\n  "a|@you`": {tests: [tests], requests_per_month: 1000}\n')
    write_report(two_tests())

    lines = said(capsys, "project", "out.json", "--format", "markdown").splitlines()

    assert lines[2].startswith(
        "| `` a\\|@you` ``, average | 1,000 |  | $6.00 |  | $6.00 | $6.00 | 2 | $3.00 to $9.00 |"
    )


@pytest.mark.parametrize(
    ("text", "where"), [(None, "claude-budget.yml"), ("version: 1\n", "claude-budget.yml")], ids=["no file", "no key"]
)
def test_project_without_features_is_bad_input(
    text: str | None, where: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Volumes come only from the file."""
    if text is not None:
        budget(text)
    write_report(two_tests())

    assert said(capsys, "project", "out.json", status=2) == (
        f"{where}: expected features with volumes to project, got none\n"
        "hint: add for example features: {triage: {tests: [tests/triage], requests_per_month: 50_000}}   [no-features]\n"
    )


def test_project_of_a_lock_file_without_features_says_which_commands_take_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A lock file under any name; and one that is not there is told as such first."""
    budget("version: 1\n")
    Path("old.json").write_text(lock_text(two_tests()), encoding="utf-8")

    assert said(capsys, "project", "old.json", status=2) == (
        "claude-budget.yml: expected features with volumes to project, got none\n"
        "hint: add for example features: {triage: {tests: [tests/triage], requests_per_month: 50_000}}; without features, "
        "claude-budget baseline show, compare and whatif take a lock file   [no-features]\n"
    )
    assert "[no-such-file]" in said(capsys, "project", "none.json", status=2)


@pytest.mark.parametrize("command", [("project",), ("whatif", "--batch")])
@pytest.mark.parametrize(
    ("content", "slug"),
    [(None, "no-such-file"), ("{", "bad-json"), ("[]", "bad-record"), ('{"record": 5}', "bad-record")],
)
def test_a_report_that_cannot_be_read_is_bad_input(
    command: tuple[str, ...], content: str | None, slug: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """In four parts, and with status 2."""
    budget()
    if content is not None:
        Path("bad.json").write_text(content, encoding="utf-8")

    text = said(capsys, command[0], "bad.json", *command[1:], status=2)

    assert text.startswith("bad.json")
    assert text.endswith(f"[{slug}]\n")


def test_a_missing_lock_file_is_no_run(capsys: pytest.CaptureFixture[str]) -> None:
    """As a baseline it may be missing; as the run to look at it may not."""
    assert "[no-run]" in said(capsys, "whatif", "claude-budget.lock.json", "--batch", status=2)


def test_whatif_shows_before_after_and_what_was_assumed(capsys: pytest.CaptureFixture[str]) -> None:
    """$0.012 at Sonnet's $3 is $0.004 at Haiku's $1; half of that in a batch."""
    write_report(two_tests())

    assert said(capsys, "whatif", "out.json", "--model", "claude-haiku-4-5", "--batch") == (
        "                                                   calls  before   after  change\n"
        "claude-sonnet-4-6                                      2  $0.012  $0.002  -83.3%\n"
        "all                                                    2  $0.012  $0.002  -83.3%\n"
        "\n"
        "at list price, rates as of 2026-11-23\n"
        "- claude-sonnet-4-6 answered by claude-haiku-4-5-20251001\n"
        "- another model answers at another length: answers are counted as long as they\n"
        "  were\n"
        "- batches take up to a day to answer, and halve every kind of token\n"
    )


def test_whatif_shows_ranges_and_calls_that_it_leaves_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """For programs, exact strings and both ends."""
    write_report(
        record(owner(A, group(usage(8000), request=request()), group(usage(8000), request=request()), group(usage(10))))
    )

    document = json.loads(said(capsys, "whatif", "out.json", "--cache", "--format", "json"))

    # two prompts of 8,000, of which 6,000 are shared: 4,000 x $3 + 6,000 x $3.75 + 6,000 x $0.30, and $0.00003
    assert document["total"]["after"] == {"low": "0.03633", "high": "0.03633"}
    assert document["total"]["before"] == "0.04803"
    assert document["left_alone"] == [{"reason": "what was asked could not be read", "calls": 1}]
    assert document["by_model"][0]["change"] == {"low": "-0.0117", "high": "-0.0117"}
    text = said(capsys, "whatif", "out.json", "--cache", "--format", "markdown")
    assert "| **all** | 3 | $0.048 | $0.0363 | -24.4% |" in text


def test_whatif_of_what_is_not_priced_gives_no_change(capsys: pytest.CaptureFixture[str]) -> None:
    """A lower bound has no percentage."""
    write_report(record(owner(A, group(usage(1000), "claude-unheard-of"), group(usage(1000)))))

    text = said(capsys, "whatif", "out.json", "--batch")
    document = json.loads(said(capsys, "whatif", "out.json", "--batch", "--format", "json"))

    assert "at least $0.003" in text
    assert "not known" in text
    assert document["total"]["change"] is None


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], "whatif: expected something that should be otherwise\n"
             "hint: add --model M, --batch, --cache or --max-output N   [no-wish]\n"),
        (["--model", "claude-haiku-4-6"], "--model: expected a model of the rate table, got 'claude-haiku-4-6'\n"
         "hint: claude-budget rates shows them all   [unknown-model]\n"),
        (["--model", "claude-haiku-45"], "--model: expected a model of the rate table, got 'claude-haiku-45'\n"
         "hint: did you mean 'claude-haiku-4-5'?   [unknown-model]\n"),
        (["--batch", "--from-model", "x"], "--from-model: expected a model of the rate table, got 'x'\n"
         "hint: claude-budget rates shows them all   [unknown-model]\n"),
    ],
)  # fmt: skip
def test_whatif_says_what_it_cannot_use(
    arguments: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Never a neighbour's rates."""
    write_report(two_tests())
    text = said(capsys, "whatif", "out.json", *arguments, status=2)
    assert expected == text


def test_whatif_from_a_model_that_no_call_used_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    """An answer in which nothing changes would look like one."""
    write_report(two_tests())
    assert said(capsys, "whatif", "out.json", "--batch", "--from-model", "claude-opus-5", status=2) == (
        "--from-model: expected a model that calls of this run used, got claude-opus-5\n"
        "hint: it used claude-sonnet-4-6   [unused-model]\n"
    )
    assert "all" in said(capsys, "whatif", "out.json", "--batch", "--from-model", "anthropic/claude-sonnet-4.6")


def test_init_from_a_report_writes_a_budget_that_the_run_is_within(capsys: pytest.CaptureFixture[str]) -> None:
    """$0.012 x 1.5 = $0.018."""
    write_report(two_tests())

    assert said(capsys, "init", "--from", "out.json", "--headroom", "50%") == (
        "wrote claude-budget.yml: read it, and lower what you can\n"
    )
    written, _ = load_budget(Path("claude-budget.yml"), "claude-budget.yml")
    assert str(written.limits[0].maximum) == "0.018"
    assert said(capsys, "init", "--from", "out.json", status=2).startswith(
        "claude-budget.yml: there is a file already\n"
    )
    said(capsys, "init", "--from", "out.json", "--force")


def test_init_ratchet_lowers_in_place_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    """Comments stay; a second turn finds nothing."""
    budget("version: 1\nlimits:\n- {scope: run, max_cost: 100}  # ours\n- {scope: test, max_calls: 1}\n")
    write_report(two_tests())

    first = said(capsys, "init", "--from", "out.json", "--ratchet")
    text = Path("claude-budget.yml").read_text(encoding="utf-8")
    second = said(capsys, "init", "--from", "out.json", "--ratchet")

    # $0.012 x 1.2 = $0.0144
    assert first == ("claude-budget.yml:3: limits[0].max_cost: 100 -> 0.015\nclaude-budget.yml: 1 limit lowered\n")
    assert text == "version: 1\nlimits:\n- {scope: run, max_cost: 0.015}  # ours\n- {scope: test, max_calls: 1}\n"
    assert second == "claude-budget.yml: no limits lowered\n"


def test_init_write_budgets_raises_too_and_leaves_aliases(capsys: pytest.CaptureFixture[str]) -> None:
    """What cannot be changed where it stands is told."""
    budget("version: 1\nlimits:\n- {scope: run, max_cost: 0.001}\n- {scope: test, max_cost: &c 9}\n")
    write_report(two_tests())

    assert said(capsys, "init", "--from", "out.json", "--write-budgets") == (
        "claude-budget.yml:3: limits[0].max_cost: 0.001 -> 0.015\n"
        "claude-budget.yml:4: limits[1].max_cost: 9 stays: it is not written as a number in its place\n"
        "claude-budget.yml: 1 limit set\n"
    )


TWO_LIMITS = "- {scope: run, max_cost: 100}\n- {scope: test, max_cost: 9}\n"
EARLY = f"{B}: the test failed as expected (xfail), and what it would use is not known"


@pytest.mark.parametrize("way", ["--ratchet", "--write-budgets"])
def test_no_limit_is_lowered_to_what_a_test_used_that_ended_early(way: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Two calls of an xfail may have been meant where one was made; `test_a` alone was $0.003, and $0.0036 with a fifth more."""
    budget(f"version: 1\nlimits:\n{TWO_LIMITS}- {{scope: test, match: '{A}', max_cost: 9}}\n")
    write_report(two_tests(), run={"xfailed": [B]})

    assert said(capsys, "init", "--from", "out.json", way) == (
        "claude-budget.yml:5: limits[2].max_cost: 9 -> 0.0036\n"
        f"{EARLY}: no limit that it counts in is lowered\n"
        f"claude-budget.yml: 1 limit {'lowered' if way == '--ratchet' else 'set'}\n"
    )


def test_what_a_test_used_that_ended_early_still_raises_a_limit(capsys: pytest.CaptureFixture[str]) -> None:
    """It used that much at least: $0.012 x 1.2 = $0.0144."""
    budget("version: 1\nlimits:\n- {scope: run, max_cost: 0.001}\n")
    write_report(two_tests(), run={"xfailed": [B]})
    assert "limits[0].max_cost: 0.001 -> 0.015\n" in said(capsys, "init", "--from", "out.json", "--write-budgets")


def test_a_draft_names_a_test_that_ended_early(capsys: pytest.CaptureFixture[str]) -> None:
    """In the file, too: whoever reads the limits knows that it may need more."""
    write_report(two_tests(), run={"xfailed": [B, "t.py::without_calls"]})
    assert said(capsys, "init", "--from", "out.json") == (
        "wrote claude-budget.yml: read it, and lower what you can\n"
        f"{EARLY}: the limits that it counts in may be too low\n"
    )
    assert f"# {EARLY}: the limits that it counts in may be too low.\n" in Path("claude-budget.yml").read_text("utf-8")


def test_what_does_not_read_back_as_meant_is_not_written(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file is edited blindly by nobody: here the edit is not in the text."""
    text = "version: 1\nlimits: [{scope: run, max_cost: 100}]\n"
    budget(text)
    write_report(two_tests())
    right = tightening.edited
    monkeypatch.setattr(tightening, "edited", lambda text, *rest: replace(right(text, *rest), text=text))

    assert said(capsys, "init", "--from", "out.json", "--ratchet", status=2) == (
        "claude-budget.yml:2: limits[0].max_cost: the number could not be changed in place\n"
        "hint: write it as a plain number on its own   [not-editable]\n"
    )
    assert Path("claude-budget.yml").read_text(encoding="utf-8") == text


@pytest.mark.parametrize("way", [[], ["--ratchet"]])
@pytest.mark.parametrize(
    ("changes", "slug"),
    [
        ({"run": {"outcome": "failed"}}, "failed-report"),
        ({"run": {"outcome": "interrupted"}}, "failed-report"),
        ({"verdict": {"outcome": "incomplete"}}, "incomplete-report"),
        ({"totals": {"unknown": 1}}, "incomplete-report"),
        ({"faults": ["the disk was full"]}, "incomplete-report"),
        ({"run": {"narrowed": "-k"}}, "partial-report"),
        ({"run": {"paths": ["tests/a"]}}, "partial-report"),
        ({"totals": {"calls": 0}}, "empty-report"),
    ],
    ids=lambda part: part if isinstance(part, str) else None,
)
def test_no_limits_are_taken_from_a_run_that_is_no_measure(
    way: list[str], changes: dict[str, Any], slug: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Failed, interrupted, incomplete, partial or empty: nothing is written."""
    text = "version: 1\nlimits: [{scope: run, max_cost: 100}]\n"
    if way:
        budget(text)
    write_report(two_tests(), **changes)

    assert said(capsys, "init", "--from", "out.json", *way, status=2).endswith(f"[{slug}]\n")
    assert [path.read_text(encoding="utf-8") for path in Path().glob("*.yml")] == ([text] if way else [])


def test_a_run_whose_rates_are_not_at_hand_gives_no_limits(capsys: pytest.CaptureFixture[str]) -> None:
    """They would be too low: the report was priced by aliases of a budget file."""
    write_report(record(owner(A, group(usage(1000), "ours")), owner(B, group(usage(1000), HAIKU))))

    assert said(capsys, "init", "--from", "out.json", status=2).startswith(
        "out.json: the run has calls of models whose rates are not at hand\n"
    )
    budget("version: 1\nlimits: [{scope: run, max_cost: 100}]\nrates: {aliases: {ours: claude-sonnet-4-6}}\n")
    # $0.003 + $0.001 = $0.004, and a fifth
    assert "100 -> 0.0048" in said(capsys, "init", "--from", "out.json", "--ratchet")


@pytest.mark.parametrize("option", [["--ratchet"], ["--write-budgets"], ["--headroom", "5%"]])
def test_options_that_look_at_a_run_need_one(option: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Rather than to be ignored."""
    assert said(capsys, "init", *option, status=2) == (
        f"{option[0]}: expected the report of a run to take limits from\nhint: add --from claude-cost.json   [no-report]\n"
    )


@pytest.mark.parametrize("headroom", ["much", "-5%", "1001%", "1e2", "٢٠%"])
def test_a_headroom_is_a_percentage(headroom: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["init", "--from", "out.json", f"--headroom={headroom}"])
    assert ended.value.code == 2
    assert "expected a percentage from 0% to 1000% such as 20%" in capsys.readouterr().err
