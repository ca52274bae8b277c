"""A JSON report read back: for gates, comparisons and shards. `schemas/report.schema.json` is its form.

Read by hand: reports of 10,000 tests are checked in a blink, and what a stranger's file holds never gives a traceback.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from pytest_claude_budget.advice.lever import Lever
from pytest_claude_budget.base.errors import InputError, Problem
from pytest_claude_budget.base.unusable_files import not_allowed, other_kind, way_out
from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.budget.limits import Limit
from pytest_claude_budget.budget.marker_arguments import Marker, limits_from_marker
from pytest_claude_budget.calls.call import Usage
from pytest_claude_budget.calls.failure import Failure
from pytest_claude_budget.judge.read_levers import read_levers
from pytest_claude_budget.judge.report import RunInfo
from pytest_claude_budget.pricing.by_kind import KINDS, ByKind
from pytest_claude_budget.record.failed_tries import FailedTries
from pytest_claude_budget.record.lock_format import LARGEST_COUNT, Known, read_groups, read_record
from pytest_claude_budget.record.near_window import NearWindow
from pytest_claude_budget.record.rate_limits import RateLimits
from pytest_claude_budget.record.record import OWNER_KINDS, Record
from pytest_claude_budget.record.repeats import Repeat
from pytest_claude_budget.record.selection import Selection
from pytest_claude_budget.record.sites import Frame, SiteTotals, StackTotals
from pytest_claude_budget.record.sums import Answers, OwnerTotals, Stated, Sums, Unpriced
from pytest_claude_budget.record.totals import Totals

SCHEMA_VERSION = 1
OUTCOMES = ("passed", "failed", "interrupted")
_MOST_DIGITS = 60
_is_plain_amount = re.compile(r"[0-9]+(?:\.[0-9]+)?", re.ASCII).fullmatch
"""As nearly all are written, and as no other text is that is none."""
_USAGE = frozenset(Usage.__dataclass_fields__)
_SUMS = ("calls", "attempts", "free", "unknown", "unknown_live")
_FAILURES = {kind.value: kind for kind in Failure}
_Value = TypeVar("_Value")


@value_class(frozen=True, kw_only=True, slots=True)
class LoadedReport:
    """All that a report says which can be judged anew."""

    shown: str
    """The file as the user knows it."""
    run: RunInfo
    rates_as_of: date
    sums: Sums
    record: Record
    markers: Mapping[str, tuple[Limit, ...]]
    exempt: frozenset[str] = frozenset()
    """Tests whose own marker says that their cost may be unknown."""
    faults: tuple[str, ...]
    warnings: tuple[str, ...]
    capped: tuple[str, ...] = ()
    """What refused calls before they were sent."""
    levers: tuple[Lever, ...] | None = None
    """None where nobody looked for any."""
    outcome: str
    """Of the verdict that it was given."""
    budget: str | None = None
    """The budget file that it was judged by, as the user knows it; None where there was none."""
    known: Known | None = None
    """The record with what it was read from; None where several were combined."""

    @property
    def places(self) -> dict[str, str]:
        """`file:line` of tests, by node id."""
        return {row.owner: row.place for row in self.sums.by_owner if row.place}


def read_report(value: object, shown: str) -> LoadedReport:
    """Read a report. Raises InputError at the first fault."""
    reader = _Reader(shown=shown)
    document = reader.mapping(value, "the file")
    if other := other_kind(document, "a JSON report", shown):
        raise InputError(other)
    if document.get("schema_version") != SCHEMA_VERSION or "by_owner" not in document:
        raise reader.refused("schema_version", "a JSON report of pytest-claude-budget", document.get("schema_version"))
    record = read_record(document.get("record"), shown)
    verdict = reader.mapping(document.get("verdict"), "verdict")
    rows = [reader.mapping(entry, "by_owner") for entry in reader.sequence(document, "by_owner")]
    reader.each_once(rows)
    marks = dict(reader.markers(rows))
    return LoadedReport(
        shown=shown,
        run=read_run(document, shown),
        rates_as_of=record.rates_as_of,
        sums=reader.sums(document, rows),
        record=record,
        markers={owner: mark.limits for owner, mark in marks.items() if mark.limits},
        exempt=frozenset(owner for owner, mark in marks.items() if mark.may_be_unknown),
        faults=tuple(reader.texts(document, "faults")),
        warnings=tuple(reader.texts(document, "warnings")),
        capped=tuple(reader.texts(verdict, "capped")),
        levers=read_levers(document, reader),
        outcome=reader.text(verdict, "outcome"),
        budget=reader.maybe(reader.mapping(document.get("budget") or {}, "budget"), "source"),
        known=Known(document["record"]["owners"], record.owners),
    )


def read_run(document: Mapping[str, object], shown: str) -> RunInfo:
    """Which run a report is of. Raises InputError."""
    reader = _Reader(shown=shown)
    return reader.run(reader.mapping(document.get("run"), "run"))


@value_class(frozen=True, slots=True)
class _Reader:
    """Takes values of a file that anybody may have written."""

    shown: str

    def refused(self, where: str, expected: str, got: object) -> InputError:
        return not_allowed(self.shown, where, expected, got)

    def each_once(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Nobody has two entries: the sums would hold one of them only."""
        first: dict[tuple[str, str], int] = {}
        for at, row in enumerate(rows):
            owner = self.text(row, "owner")
            earlier = first.setdefault((owner, self.text(row, "kind")), at)
            if earlier != at:
                what = f"by_owner[{at}]: expected each owner once, got {owner[:200]!r}, who is by_owner[{earlier}] too"
                problem = Problem(slug="duplicate-owner", where=self.shown, what=what, hint=way_out(self.shown))
                raise InputError(problem)

    def mapping(self, value: object, where: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self.refused(where, "a JSON object", value)
        return value

    def sequence(self, document: Mapping[str, Any], key: str) -> Sequence[Any]:
        value = document.get(key, [])
        if not isinstance(value, list):
            raise self.refused(key, "a list", value)
        return value

    def texts(self, document: Mapping[str, Any], key: str) -> Iterator[str]:
        for value in self.sequence(document, key):
            if not isinstance(value, str):
                raise self.refused(key, "a text", value)
            yield value

    def text(self, entry: Mapping[str, Any], key: str) -> str:
        value = entry.get(key)
        if not isinstance(value, str):
            raise self.refused(key, "a text", value)
        return value

    def maybe(self, entry: Mapping[str, Any], key: str) -> str | None:
        return None if entry.get(key) is None else self.text(entry, key)

    def count(self, entry: Mapping[str, Any], key: str) -> int:
        value = entry.get(key, 0)
        if type(value) is not int or not 0 <= value <= LARGEST_COUNT:
            raise self.refused(key, "a whole number from 0 up", value)
        return value

    def money(self, entry: Mapping[str, Any], key: str) -> Decimal:
        value = entry.get(key)
        if isinstance(value, str) and len(value) <= _MOST_DIGITS:
            if _is_plain_amount(value):
                return Decimal(value)
            try:
                amount = Decimal(value)
            except InvalidOperation:
                amount = Decimal("NaN")
            if amount.is_finite() and amount >= 0 and "e" not in value.lower():
                return amount
        raise self.refused(key, "dollars as a text such as '0.25'", value)

    def run(self, entry: Mapping[str, Any]) -> RunInfo:
        outcome = self.text(entry, "outcome")
        if outcome not in OUTCOMES:
            raise self.refused("run.outcome", f"one of {', '.join(OUTCOMES)}", outcome)
        selection = Selection(
            paths=tuple(self.texts(entry, "paths")),
            narrowed=self.maybe(entry, "narrowed"),
            skipped=frozenset(self.texts(entry, "skipped")),
            ran=frozenset(self.texts(entry, "without_calls")),
            uncollected=frozenset(self.texts(entry, "uncollected")),
            failed=frozenset(self.texts(entry, "failed")),
            interrupted=frozenset(self.texts(entry, "interrupted")),
            xfailed=frozenset(self.texts(entry, "xfailed")),
            refused=frozenset(self.texts(entry, "refused")),
            not_reached=frozenset(self.texts(entry, "not_reached")),
            broken=frozenset(self.texts(entry, "broken")),
        )
        return RunInfo(ids=tuple(self.texts(entry, "ids")), outcome=outcome, selection=selection)

    def stated(self, document: Mapping[str, Any]) -> Stated:
        if document.get("stated_by_gateways") is None:
            return Stated()
        entry = self.mapping(document["stated_by_gateways"], "stated_by_gateways")
        return Stated(
            cost=self.money(entry, "cost"),
            list_price=self.money(entry, "list_price"),
            at_least=bool(entry.get("at_least")),
            calls=self.count(entry, "calls"),
        )

    def sums(self, document: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> Sums:
        answers = self.mapping(document.get("answers"), "answers")
        return Sums(
            totals=self.totals(self.mapping(document.get("totals"), "totals")),
            by_owner=tuple(self.owner(row) for row in rows),
            by_model=self.named(document, "by_model", "model"),
            by_feature=self.named(document, "by_feature", "feature"),
            by_tier=self.named(document, "by_tier", "tier"),
            by_kind=self.by_kind(document),
            by_site=tuple(self.each(document, "by_site", self.site)),
            stacks=tuple(self.each(document, "stacks", self.stack)),
            unpriced=tuple(self.each(document, "unpriced", self.unpriced)),
            notes=dict(
                self.each(document, "notes", lambda entry: (self.text(entry, "text"), self.count(entry, "calls")))
            ),
            stated=self.stated(document),
            failed=tuple(self.each(document, "failed_attempts", self.failed)),
            rate_limits=dict(self.each(document, "rate_limits", self.rate_limits)),
            near_window=tuple(self.each(document, "near_context_window", self.near_window)),
            aliases=dict(
                self.each(document, "aliases", lambda entry: (self.text(entry, "name"), bool(entry.get("used"))))
            ),
            repeats=tuple(self.each(document, "repeats", self.repeat)),
            answers=Answers(**{name: self.count(answers, name) for name in Answers.__dataclass_fields__}),
        )

    def each(
        self, document: Mapping[str, Any], key: str, read: Callable[[Mapping[str, Any]], _Value]
    ) -> Iterator[_Value]:
        for entry in self.sequence(document, key):
            yield read(self.mapping(entry, key))

    def named(self, document: Mapping[str, Any], key: str, name: str) -> dict[str, Totals]:
        return dict(self.each(document, key, lambda entry: (self.text(entry, name), self.totals(entry))))

    def owner(self, entry: Mapping[str, Any]) -> OwnerTotals:
        kind = self.text(entry, "kind")
        if kind not in OWNER_KINDS:
            raise self.refused("kind", f"one of {', '.join(OWNER_KINDS)}", kind)
        place = self.maybe(entry, "place") or "" if "place" in entry else ""
        return OwnerTotals(owner=self.text(entry, "owner"), kind=kind, totals=self.totals(entry), place=place)

    def by_kind(self, document: Mapping[str, Any]) -> ByKind | None:
        if document.get("cost_by_kind") is None:
            return None
        entry = self.mapping(document["cost_by_kind"], "cost_by_kind")
        if not set(KINDS).issuperset(entry):
            raise self.refused("cost_by_kind", f"one of {', '.join(KINDS)}", list(entry))
        return {kind: self.money(entry, kind) for kind in KINDS if kind in entry}

    def site(self, entry: Mapping[str, Any]) -> SiteTotals:
        frame = self.frame([entry.get(key) for key in ("file", "function", "line")])
        return SiteTotals(site=frame, tests=self.count(entry, "tests"), totals=self.totals(entry))

    def stack(self, entry: Mapping[str, Any]) -> StackTotals:
        frames = tuple(map(self.frame, self.sequence(entry, "stack")))
        if not frames:
            raise self.refused("stacks", "a stack of one frame or more", [])
        return StackTotals(
            frames=frames,
            calls=self.count(entry, "calls"),
            cost=self.money(entry, "cost"),
            spent=self.money(entry, "spent"),
            at_least=bool(entry.get("at_least")),
        )

    def frame(self, value: object) -> Frame:
        if not isinstance(value, list) or tuple(map(type, value)) != (str, str, int):
            raise self.refused("a call site", "its file, function and line", value)
        file, function, line = value
        return file, function, self.count({"line": line}, "line")

    def unpriced(self, entry: Mapping[str, Any]) -> Unpriced:
        kind = self.text(entry, "kind")
        if kind not in ("unpriced", "unmeasured", "at_least"):
            raise self.refused("unpriced.kind", "one of unpriced, unmeasured, at_least", kind)
        return Unpriced(
            owner=self.text(entry, "owner"),
            model=self.maybe(entry, "model"),
            reason=self.text(entry, "reason"),
            calls=self.count(entry, "calls"),
            kind=kind,
        )

    def failed(self, entry: Mapping[str, Any]) -> FailedTries:
        kind = self.text(entry, "kind")
        if kind not in _FAILURES:
            raise self.refused("failed_attempts.kind", f"one of {', '.join(_FAILURES)}", kind)
        owner, attempts = self.text(entry, "owner"), self.count(entry, "attempts")
        return FailedTries(owner=owner, failure=_FAILURES[kind], attempts=attempts)

    def near_window(self, entry: Mapping[str, Any]) -> NearWindow:
        return NearWindow(
            owner=self.text(entry, "owner"),
            model=self.text(entry, "model"),
            calls=self.count(entry, "calls"),
            longest=self.count(entry, "longest_prompt"),
            window=max(1, self.count(entry, "context_window")),
        )

    def rate_limits(self, entry: Mapping[str, Any]) -> tuple[str, RateLimits]:
        told = {
            name: self.count(entry, name) for name in RateLimits.__dataclass_fields__ if entry.get(name) is not None
        }
        return self.text(entry, "model"), RateLimits(**told)

    def repeat(self, entry: Mapping[str, Any]) -> Repeat:
        owner = self.text(entry, "owner")
        return Repeat(
            owner=owner,
            kind=self.text(entry, "kind"),
            place=self.text(entry, "place"),
            times=self.count(entry, "times"),
            workers=self.count(entry, "workers"),
            least=self.money(entry, "least"),
            most=self.money(entry, "most"),
            at_least=bool(entry.get("at_least")),
            benchmark=self.count(entry, "benchmark"),
            groups=read_groups(self.sequence(entry, "groups"), self.shown, owner),
        )

    def totals(self, entry: Mapping[str, Any]) -> Totals:
        usage = self.mapping(entry.get("usage"), "usage")
        if not _USAGE.issuperset(usage):
            raise self.refused("usage", f"one of {', '.join(sorted(_USAGE))}", list(usage))
        counts = {name: entry.get(name, 0) for name in _SUMS}
        for number in (*usage.values(), *counts.values()):
            if type(number) is not int or not 0 <= number <= LARGEST_COUNT:
                for name in (*usage, *counts):
                    self.count(usage | counts, name)
        cost = self.money(entry, "cost")
        spent = cost if entry.get("spent") == entry["cost"] else self.money(entry, "spent")
        return Totals(cost=cost, spent=spent, usage=Usage(**usage), **counts)

    def markers(self, rows: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, Marker]]:
        for row in rows:
            if "limits" in row:
                owner, place = self.text(row, "owner"), self.maybe(row, "place") or ""
                yield owner, limits_from_marker(self.mapping(row["limits"], "limits"), place, owner)
