"""The example in its two states: what it costs, what its change costs, and what its pull request is told.

Millionths of a dollar, as the tables of examples/quickstart/README.md have them: Sonnet 4.6 takes 3 for a token of input,
3.75 for one written to the cache, 0.30 for one read from it, and 15 for one of output.
"""

import json
import os
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.aside import ASIDE, without
from tests.docs.pages import page
from tests.warm.interpreters import COLD, Interpreters

QUICKSTART = Path(__file__).parents[2] / "examples" / "quickstart"
LOCK = "claude-budget.lock.json"
HANDBOOK = Decimal("11186.25") - Decimal("10792.5")  # (10 × 3 + 2971 × 3.75 + 15) − (10 × 3 + 2866 × 3.75 + 15)
SHOWN = Decimal("13896.75") - Decimal("2893.80")  # 58 × 3 + 2973 × 3.75 + 124 × 15, and 218 × 3 + 4 × 15 for the check
DAMAGED = Decimal("12199.5") - Decimal("1522.80")  # 41 × 3 + 2970 × 3.75 + 36 × 15, and 113 × 3 + 4 × 15
MORNING = Decimal("24910.5") - Decimal("13383.30")  # 12173.25 + 456 for Aoife, 11885.25 + 396 for Priya
BEFORE, CHANGE = Decimal("41870.4"), HANDBOOK + SHOWN + DAMAGED + MORNING


@dataclass(frozen=True, kw_only=True)
class Ended:
    status: int
    text: str


def run(arguments: Sequence[str], folder: Path, python: Sequence[str] = COLD) -> Ended:
    """A process with the plugins of pytest that the example asks for."""
    environment = {**os.environ, "COLUMNS": "80", "CLAUDE_BUDGET_LEDGER": "", "PYDANTIC_DISABLE_PLUGINS": "__all__"}
    environment["PYTEST_ADDOPTS"] = without(*(name for name in ASIDE if name != "recording"))
    ended = subprocess.run(
        [*python, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    return Ended(status=ended.returncode, text=ended.stdout + ended.stderr)


def suite(interpreters: Interpreters, folder: Path, *arguments: str) -> Ended:
    options = ["-m", "pytest", "-q", "--claude-budget-report=json:claude-cost.json", *arguments]
    return run(options, folder, interpreters.warm(sdk=True))


def gate(folder: Path, *arguments: str) -> Ended:
    return run(["-m", "pytest_claude_budget", "gate", "claude-cost.json", *arguments], folder)


def judged(folder: Path) -> dict[str, Any]:
    """What a gate says that looks at the lock file too."""
    document: dict[str, Any] = json.loads(gate(folder, "--lock", LOCK, "--format", "json").text)
    return document


def copied(folder: Path) -> Path:
    shutil.copytree(QUICKSTART, folder, ignore=shutil.ignore_patterns("__pycache__", ".pytest_cache"))
    return folder


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory, interpreters: Interpreters) -> Path:
    """The example as it is, after a run on two workers that wrote the lock file anew."""
    folder = copied(tmp_path_factory.mktemp("base") / "quickstart")
    (folder / LOCK).unlink()
    ended = suite(interpreters, folder, "-n", "2", "--claude-budget-update")
    assert ended.status == 0, ended.text
    return folder


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory, interpreters: Interpreters) -> Path:
    """The example as the pull request has it, after a run that failed for its cost alone."""
    folder = copied(tmp_path_factory.mktemp("changed") / "quickstart")
    shutil.copytree(QUICKSTART / "change", folder, dirs_exist_ok=True)
    ended = suite(interpreters, folder)
    assert ended.status == 1, ended.text
    assert "13 passed" in ended.text
    return folder


def test_the_lock_file_of_the_example_is_what_a_run_writes(base: Path) -> None:
    assert (QUICKSTART / LOCK).read_bytes() == (base / LOCK).read_bytes()


def test_the_example_passes_its_gate_unchanged(base: Path) -> None:
    ended, document = gate(base), judged(base)
    assert ended.status == 0, ended.text
    assert f"unchanged against {LOCK}: $0.0419" in ended.text
    assert [] == document["stale"]
    assert BEFORE / 1_000_000 == Decimal(document["totals"]["cost"])


def test_a_month_of_the_example_is_the_mean_of_its_average_tests(base: Path) -> None:
    """30,000 × (1213 + 1198) / 2, 15,000 × 2893.8 and 7,500 × 4605 millionths: 36.165, 43.407 and 34.5375 dollars."""
    months = {row["feature"]: row["after"] for row in judged(base)["projection"] if row["scenario"] == "average"}
    assert {"triage": "36.165", "replies": "43.407", "nightly": "34.5375"} == months


def test_the_change_costs_what_the_readme_works_out(changed: Path) -> None:
    comparison = judged(changed)["comparison"]
    rows = {row["owner"].rpartition("::")[2]: Decimal(row["change"]) for row in comparison["owners"]}
    assert {
        "handbook": HANDBOOK / 1_000_000,
        "test_reply_is_shown_while_it_is_written": SHOWN / 1_000_000,
        "test_damaged_safety_equipment_is_handed_over_in_two_sentences": DAMAGED / 1_000_000,
        "test_two_customers_of_the_morning_are_answered": MORNING / 1_000_000,
    } == {name: change for name, change in rows.items() if change}
    assert (BEFORE / 1_000_000, CHANGE / 1_000_000) == (Decimal(comparison["before"]), Decimal(comparison["change"]))
    assert Decimal("33600.6") == CHANGE


def test_the_comment_of_the_change_names_its_causes_and_its_limits(changed: Path) -> None:
    """33600.6 of 41870.4 is 80%; a month is 36.165 + 15,000 × 0.01389675 + 34.5375 = 279.15375 dollars."""
    ended = gate(changed, "--format", "markdown")
    assert ended.status == 1, ended.text
    assert ended.text.startswith(
        "### Claude cost: +$0.0336 per run (+80%) to $0.0755, over the limits of +10% a run and $200.00 a month for `average`\n\n"
        "**Not intended?** Put what changes after the cached block, and 1 more step. **Intended?** Raise 1 limit, then accept: steps below.\n\n"
        "| Change | Why |"
    )
    assert (
        "Run $0.0419 → $0.0755 at list price · budget $0.10 (75% used) · projected $114.11 → $279.15 a month (+145%, weighted by volume) for 3 features"
        in ended.text
    )
    causes = ("cache reads 2,866 → 0: block 1 of the system prompt changed", "makes 2 calls (was 1)")
    lever = "What would cost less: 1 lever; it saves $96.99 to $145.16 a month at average volume"
    assert [] == [text for text in (*causes, "system prompt +107 tokens", lever) if text not in ended.text]
    raised = "1. raise `claude-budget.yml:53` from 200.00 to `average: 279.16`\n2. run `pytest --claude-budget-update`: the limit on an increase then passes "
    assert f"**To accept** all of this:\n\n{raised}" in ended.text
    down = (
        "put what changes after the cached block ($0.0302 in 4 tests); leave out the calls that were added "
        "($0.00197 in 3 tests)"
    )
    assert f"**To bring it down:** {down}. Whether that is enough, the next run shows." in ended.text
    shown = ended.text[: ended.text.index("\n\n**To bring it down")]
    assert shown in page("docs/how-to/github-action.md")


def test_what_would_cost_less_is_what_the_readme_works_out(base: Path, changed: Path) -> None:
    """Of 2,970 tokens for Tom at most 651 are block 1's: 2,319 are the handbook's. The first draft saves 654 × 0.75, the others
    2,970 × 3.75 − 2,319 × 0.30 − 651 × 3 and twice 2,971 × 3.75 − 2,319 × 0.30 − 652 × 3. Unchanged, there is nothing to name.
    """
    (lever,) = judged(changed)["levers"]
    saved = Decimal(654) * Decimal("0.75") + 2970 * Decimal("3.75") - 651 * 3 + 2 * (2971 * Decimal("3.75") - 652 * 3)
    saved -= 3 * 2319 * Decimal("0.30")
    assert ("cache-after-change", "replies", 4) == (lever["kind"], lever["feature"], lever["calls"])
    assert saved / 1_000_000 == Decimal(lever["saving"]["low"]) == Decimal("0.0259584")
    assert f"**${lever['saving']['low']}** a run" in (QUICKSTART / "README.md").read_text("utf-8")
    assert [] == judged(base)["levers"]


def test_the_terminal_names_the_causes_and_what_to_do(changed: Path) -> None:
    text = gate(changed).text
    assert "  +$0.000394 tests/test_replies.py::handbook\n             system prompt +105 tokens\n" in text
    accept = (
        "to accept: 1. raise claude-budget.yml:53 from 200.00 to average: 279.16 2. pytest --claude-budget-update "
        "(the limit on an increase then passes) 3. commit claude-budget.yml and claude-budget.lock.json [over-limit]"
    )
    assert accept in " ".join(text.split())
    assert text.rstrip().endswith("verdict: over: 2 limits exceeded")


def test_what_the_comment_says_accepts_the_change(changed: Path, tmp_path: Path, interpreters: Interpreters) -> None:
    """Raise the limit of a month, run the update, and the change is the new baseline. Without the first, it is refused."""
    folder = tmp_path / "accepted"
    shutil.copytree(changed, folder, ignore=shutil.ignore_patterns("__pycache__", ".pytest_cache"))
    refused = suite(interpreters, folder, "--claude-budget-update")
    assert (refused.status, (folder / LOCK).read_bytes() == (QUICKSTART / LOCK).read_bytes()) == (1, True)
    budget = folder / "claude-budget.yml"
    budget.write_text(budget.read_text("utf-8").replace("average: 200", "average: 279.16"), encoding="utf-8")
    accepted = suite(interpreters, folder, "--claude-budget-update", "--claude-budget-report=markdown:comment.md")
    assert accepted.status == 0, accepted.text
    assert f"{LOCK}: 4 changed (6 unchanged)" in accepted.text
    comment = (folder / "comment.md").read_text("utf-8")
    assert "per run (+80%) to $0.0755, an accepted increase\n" in comment
    assert "**Accepted by `--claude-budget-update`:**\n- the run costs $0.0419 → $0.0755" in comment
    assert [] == [text for text in ("no worse now", "out of date", "To accept") if text in comment]
    ended = gate(folder)
    assert ended.status == 0, ended.text
    assert f"unchanged against {LOCK}: $0.0755" in ended.text


def test_the_demo_shows_both_states_and_the_comment(tmp_path: Path, interpreters: Interpreters) -> None:
    """In a fork, and so is each process that it starts; `make demo` starts them as a user does."""
    warm = interpreters.warm(sdk=True)
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nexec {shlex.join(warm)} "$@"\n', "utf-8")
    python.chmod(0o755)
    demo = str(QUICKSTART / "demo.py")
    shown = f"import runpy, sys; sys.executable = {str(python)!r}; runpy.run_path({demo!r}, run_name='__main__')"
    ended = run(["-c", shown], QUICKSTART, warm)
    assert ended.status == 0, ended.text
    seen = (
        "within: $0.0419 of $0.10",
        "verdict: over: 2 limits exceeded",
        "saves $0.026 to $0.0295 a run, $96.99 to $145.16",
        "### Claude cost: +$0.0336 per run",
    )
    assert sorted(map(ended.text.index, seen)) == [ended.text.find(text) for text in seen]
    page = (QUICKSTART / ".pytest_cache" / "claude-cost.html").read_text("utf-8")
    drawn = json.loads(page.partition('id="data">')[2].partition("</script>")[0])
    # 0.008673 of triage, 0.0285924 of replies and 0.004605 of the nightly batch, one after the other
    assert ["0.008673", "0.0372654", "0.0418704"] == [each["amount"] for each in drawn["history"]]
    assert [] == [name for name, chart in drawn.items() if not chart]
    assert [] == [name for name in ("levers", "failures", "sites", "why") if f'<section id="{name}"' not in page]
    assert ended.text.splitlines()[-1].startswith("Where to look next: examples/quickstart/README.md")
