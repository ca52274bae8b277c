"""`init --from REPORT`: limits from what a run used, in a new file or in the one that is there."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_claude_budget.base.errors import InputError, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from decimal import Decimal

    from pytest_claude_budget.budget.tighten import Edited
    from pytest_claude_budget.judge.read_report import LoadedReport
    from pytest_claude_budget.record.record import OwnerRecord
    from pytest_claude_budget.record.totals import Totals

DEFAULT_HEADROOM = "20%"
_MOST_PERCENT = 1000
_MOST_EARLY = 5
"""Tests that ended early and are named."""


def add_drafting(parser: argparse.ArgumentParser) -> None:
    """Add the options of `init` that look at a run."""
    parser.add_argument("--from", dest="report", metavar="REPORT", help="take limits from what this JSON report used")
    parser.add_argument(
        "--headroom", type=headroom, metavar="20%", help="how much more limits allow than was used [20%%]"
    )
    ways = parser.add_mutually_exclusive_group()
    ways.add_argument("--write-budgets", action="store_true", help="bring the maxima of the file that is there to it")
    ways.add_argument("--ratchet", action="store_true", help="the same, but only where that lowers them")


def headroom(text: str) -> str:
    """Take a percentage such as 20%, as text: exact numbers are loaded when they are needed."""
    whole, _, rest = text.removesuffix("%").partition(".")
    if text.startswith("0.") and not text.endswith("%"):
        raise argparse.ArgumentTypeError(
            f"expected a percentage such as 20%, got {text[:40]!r}: a part of one, or percent?"
        )
    if _digits(whole) and (not rest or _digits(rest)) and int(whole) + bool(rest.strip("0")) <= _MOST_PERCENT:
        return text
    what = f"expected a percentage from 0% to {_MOST_PERCENT}% such as 20%, got {text[:40]!r}"
    raise argparse.ArgumentTypeError(what)


def _digits(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 4


def wants_a_report(options: argparse.Namespace) -> bool:
    """Is a run to be looked at? Raises InputError where that is asked for without one."""
    if options.report is not None:
        return True
    for option, asked in (
        ("--ratchet", options.ratchet),
        ("--write-budgets", options.write_budgets),
        ("--headroom", options.headroom is not None),
    ):
        if asked:
            what, hint = "expected the report of a run to take limits from", "add --from claude-cost.json"
            raise InputError(Problem(slug="no-report", where=option, what=what, hint=hint))
    return False


def draft_from_report(options: argparse.Namespace, path: Path) -> int:
    """Write limits that a run is within, or bring those of the file that is there to it."""
    report = _usable_report(options.report)
    if path.exists() and (options.ratchet or options.write_budgets):
        return _edit(options, path, report)
    if path.exists() and not options.force:
        hint = "add --ratchet to lower its limits, --write-budgets to set them anew, or --force to replace the file"
        raise InputError(Problem(slug="file-exists", where=options.path, what="there is a file already", hint=hint))
    return _write(options, path, report)


def _usable_report(shown: str) -> "LoadedReport":
    """A report of a run that was whole, passed, and is priced in full."""
    from pytest_claude_budget.files.load import load_report

    report = load_report(shown)
    found = None
    if report.run.outcome != "passed":
        found = (
            "failed-report",
            f"expected a run that passed, got one that {_ended(report.run.outcome)}",
            "mend the tests",
        )
    elif report.faults or report.sums.totals.at_least or report.outcome == "incomplete":
        found = ("incomplete-report", "the cost of this run is not known in full", "see why: pytest shows each reason")
    elif not report.run.selection.whole:
        found = (
            "partial-report",
            "expected a run of the whole suite, got a part of it",
            "run pytest without paths and -k",
        )
    elif not report.sums.totals.calls:
        found = ("empty-report", "the run made no calls to take limits from", "check that this is the report you mean")
    if found is not None:
        slug, what, hint = found
        raise InputError(Problem(slug=slug, where=shown, what=what, hint=f"{hint}; then write the report anew"))
    return report


def _ended(outcome: str) -> str:
    return "was interrupted" if outcome == "interrupted" else "failed"


def _write(options: argparse.Namespace, path: Path, report: "LoadedReport") -> int:
    from pytest_claude_budget.budget.draft import Draft, draft_budget
    from pytest_claude_budget.files.rates_file import packaged_rates
    from pytest_claude_budget.files.read_write import write_atomically
    from pytest_claude_budget.record.totals_by_scope import scoped_totals

    # Without the rates that a file which is replaced names: the new one would not have them.
    rates, today = packaged_rates(), _today()
    _refuse_unpriced(scoped_totals(report.record.owners.values(), rates, today), report.shown)
    early = [f"{text}: the limits that it counts in may be too low" for text in _early(report)]
    text = draft_budget(
        Draft(
            record=report.record,
            rates=rates,
            day=today,
            headroom=_headroom(options),
            source=report.shown,
            early=early,
        )
    )
    write_atomically(path, text, makes_folders=False)
    print("\n".join([f"wrote {options.path}: read it, and lower what you can", *early]))
    return 0


def _ended_early(report: "LoadedReport") -> "list[OwnerRecord]":
    """Tests and fixtures that made calls and perhaps not all, though the run passed: an `xfail`, a skip after a call."""
    return [owner for owner in report.record.owners.values() if report.run.selection.cut_short(owner)]


def _early(report: "LoadedReport") -> list[str]:
    from pytest_claude_budget.render.terminal_text import printable

    found = [*_ended_early(report)]
    why = [f"{printable(owner.owner)}: {report.run.selection.cut_short(owner)}" for owner in found[:_MOST_EARLY]]
    more = [f"{len(found) - _MOST_EARLY:,} more ended early"] if len(found) > _MOST_EARLY else []
    return [f"{text}, and what it would use is not known" for text in (*why, *more)]


def _refuse_unpriced(scoped: "Mapping[str, Mapping[str, Totals]]", shown: str) -> None:
    """A report may have been priced with rates of the user's own, that are not at hand here."""
    if scoped["run"][""].at_least:
        what = "the run has calls of models whose rates are not at hand"
        hint = "keep the budget file that names them under rates, and use --write-budgets or --ratchet"
        raise InputError(Problem(slug="incomplete-report", where=shown, what=what, hint=hint))


def _headroom(options: argparse.Namespace) -> "Decimal":
    from pytest_claude_budget.budget.increases_and_volumes import percentage

    return percentage(options.headroom or DEFAULT_HEADROOM)


def _today() -> "date":
    from datetime import UTC, datetime

    return datetime.now(UTC).date()


def _edit(options: argparse.Namespace, path: Path, report: "LoadedReport") -> int:
    from pytest_claude_budget.base.yaml_document import parse_yaml
    from pytest_claude_budget.budget.limits import parse_budget
    from pytest_claude_budget.budget.tighten import Used, edited, wanted_edits
    from pytest_claude_budget.budget.which_limit import Limits
    from pytest_claude_budget.files.budget_file import load_budget
    from pytest_claude_budget.files.rates_file import rates_of
    from pytest_claude_budget.files.read_write import read_text, write_atomically
    from pytest_claude_budget.record.totals_by_scope import scoped_totals

    budget, document = load_budget(path, options.path)
    rates = rates_of(budget, path.parent)
    limits = Limits(budget=budget, markers=report.markers, spellings=rates.spellings)
    scoped = scoped_totals(report.record.owners.values(), rates, _today())
    _refuse_unpriced(scoped, report.shown)
    early = scoped_totals(_ended_early(report), rates, _today()) if _ended_early(report) else {}
    used = Used(scoped=scoped, headroom=_headroom(options), only_lower=options.ratchet, early=early)
    found = edited(read_text(path, options.path), document, wanted_edits(limits, budget, used))
    after = parse_yaml(found.text, options.path)
    meant = {edit.path: edit.becomes for edit in found.edits}
    read_back = parse_budget(after.value, after.where, options.path).limits
    for old, new in zip(budget.limits, read_back, strict=True):
        if new.maximum != meant.get(old.path, old.maximum):
            what, hint = (
                f"{old.path}: the number could not be changed in place",
                "write it as a plain number on its own",
            )
            raise InputError(Problem(slug="not-editable", where=old.where, what=what, hint=hint))
    if found.edits:
        write_atomically(path, found.text)
    _tell(options, found, [f"{text}: no limit that it counts in is lowered" for text in _early(report)])
    return 0


def _tell(options: argparse.Namespace, found: "Edited", early: "Sequence[str]") -> None:
    for edit in found.edits:
        print(f"{edit.where}: {edit.path}: {_plain(edit.was)} -> {_plain(edit.becomes)}")
    for edit in found.kept:
        print(f"{edit.where}: {edit.path}: {_plain(edit.was)} stays: it is not written as a number in its place")
    for text in early:
        print(text)
    count = len(found.edits)
    done = "lowered" if options.ratchet else "set"
    print(f"{options.path}: {count or 'no'} limit{'' if count == 1 else 's'} {done}")


def _plain(value: "Decimal | int") -> str:
    """All digits, and no exponent."""
    return str(value) if isinstance(value, int) else f"{value:f}"
