"""Reports that are made up, one for each thing that a comment has to say. Their sums agree: the builder adds them up."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from pytest_claude_budget.base.money import to_json
from pytest_claude_budget.compare.result import percent
from pytest_claude_budget.judge.increases import INCREASES, Breach
from pytest_claude_budget.render.sentences import breach_line, excess_of, limit_words

Document = dict[str, Any]
HAIKU, SONNET = "claude-haiku-4-5", "claude-sonnet-4-6"
_EVERYTHING: Document = {"paths": [], "skipped": [], "without_calls": [], "uncollected": []}


@dataclass(frozen=True, kw_only=True)
class Owner:
    """What one owner costs now and cost before, in dollars; None where it was or is not there."""

    id: str
    before: str | None
    after: str | None
    causes: Sequence[tuple[str, str, str]] = ()
    """Kind, dollars, text."""
    kind: str = "test"
    status: str = ""
    """Where it does not follow from the amounts."""
    was: str | None = None
    noise: bool = False
    samples: int = 0
    place: str = ""
    calls: int = 1
    model: str = HAIKU
    feature: str | None = None
    at_least: bool = False
    before_at_least: bool = False
    not_known: str = ""
    live: bool = False
    cache_read: int = 5000
    """Tokens a call."""

    @property
    def standing(self) -> str:
        if self.status:
            return self.status
        if self.before is None:
            return "new"
        return "removed" if self.after is None else "unchanged" if self.before == self.after else "changed"

    @property
    def change(self) -> Decimal:
        change = Decimal(0) if self.after is None else Decimal(self.after) - Decimal(self.before or 0)
        return max(change, Decimal(0)) if self.not_known else change

    @property
    def is_compared(self) -> bool:
        return self.after is not None and (bool(self.change) or not self.not_known)


@dataclass(frozen=True, kw_only=True)
class Report:
    """All that a document is made of."""

    owners: Sequence[Owner]
    outcome: str = "within"
    breaches: Sequence[Document] = ()
    warnings: Sequence[Document] = ()
    known: Sequence[Document] = ()
    incomplete: Sequence[str] = ()
    baseline: Mapping[str, Any] | None = field(
        default_factory=lambda: {"source": "git:main", "kind": "git", "commit": "5f9d731"}
    )
    budget: str | None = "0.10"
    judged: bool = True
    """Is there a budget file?"""
    projection: Sequence[Document] = ()
    price_change: str = "0"
    accepted: str | None = None
    narrowed: str | None = None
    ended: str = "passed"
    failed: Sequence[str] = ()
    not_reached: Sequence[str] = ()
    broken: Sequence[str] = ()
    capped: Sequence[str] = ()
    refused: Sequence[str] = ()
    unfinished: Sequence[str] = ()
    spared: Sequence[Document] = ()
    unpriced: Sequence[Document] = ()
    exempt: Sequence[Document] = ()
    before_update: Sequence[str] | None = None
    """None is a report of an earlier version, which does not say it."""
    notes: Sequence[Document] = ()
    sites: Sequence[Document] = ()
    """What moved by line of code."""
    levers: Sequence[Document] | None = None
    """None is a report in which nobody looked."""

    def document(self) -> Document:
        """The JSON report."""
        ran = [owner for owner in self.owners if owner.after is not None]
        calls = sum(owner.calls for owner in ran)
        missing = sum(row["calls"] for row in self.unpriced)
        return {
            "schema_version": 1,
            "tool": {"name": "pytest-claude-budget", "version": "0.2.0"},
            "rates_as_of": "2026-11-23",
            "verdict": {
                "outcome": self.outcome,
                "breaches": list(self.breaches),
                "warnings": list(self.warnings),
                "incomplete": list(self.incomplete),
                "known": list(self.known),
                **({"capped": list(self.capped)} if self.capped else {}),
                "unfinished": list(self.unfinished),
                "spared": list(self.spared),
            },
            "accepted": self.accepted,
            "budget": {"source": "claude-budget.yml", "run_max_cost": self.budget} if self.judged else None,
            "run": {
                "outcome": self.ended,
                "ids": ["run-1"],
                "narrowed": self.narrowed,
                "failed": list(self.failed),
                "refused": list(self.refused),
                "not_reached": list(self.not_reached),
                "broken": list(self.broken),
                **_EVERYTHING,
            },
            "stale": [],
            **({} if self.levers is None else {"levers": list(self.levers)}),
            **({} if self.before_update is None else {"before_update": list(self.before_update)}),
            "exempt": list(self.exempt),
            "faults": [],
            "record": {"schema_version": 1, "rates_as_of": "2026-11-23", "owners": {}},
            "totals": totals(ran),
            "by_owner": [
                {"owner": o.id, "kind": o.kind, **({"place": o.place} if o.place else {}), **totals([o])} for o in ran
            ],
            "by_model": by(self.by_one_model(ran), "model", lambda owner: owner.model),
            "by_feature": by(ran, "feature", lambda owner: owner.feature),
            "by_tier": [],
            "unpriced": list(self.unpriced),
            "notes": list(self.notes),
            "warnings": [],
            "answers": {"seen": calls, "priced": calls - missing, "unpriced": missing, "unmeasured": 0, "free": 0},
            "comparison": None if self.baseline is None else self.comparison(),
            "projection": list(self.projection),
        }

    def by_one_model(self, owners: Sequence[Owner]) -> list[Owner]:
        """The same, without the answers that another model gave for nothing that is known; those by themselves."""
        missing = {row["owner"]: row for row in self.unpriced}
        found = []
        for owner in owners:
            row = missing.get(owner.id)
            if row is None or row["model"] == owner.model:
                found.append(owner)
                continue
            found.append(replace(owner, calls=owner.calls - row["calls"], at_least=False))
            found.append(replace(owner, after="0", calls=row["calls"], model=row["model"]))
        return found

    def comparison(self) -> Document:
        """This run beside its baseline."""
        ran = [owner for owner in self.owners if owner.after is not None]
        before = sum((Decimal(owner.before or 0) for owner in ran if owner.is_compared), Decimal(0))
        left = [Decimal(owner.before or 0) for owner in ran if not owner.is_compared]
        change = sum((owner.change for owner in ran), Decimal(0))
        noise = sum((owner.change for owner in ran if owner.noise), Decimal(0))
        statuses = ("changed", "new", "removed", "renamed", "unchanged", "deselected", "skipped", "not_reached")
        statuses = (*statuses, "without_calls", "not_known")
        of = {status: [owner for owner in self.owners if owner.standing == status] for status in statuses}
        absent = [owner for owner in self.owners if owner.after is None]
        gone = [Decimal(owner.before or 0) for owner in absent if owner.standing != "without_calls"]
        silent = [Decimal(owner.before or 0) for owner in absent if owner.standing == "without_calls"]
        return {
            "baseline": dict(self.baseline or {}),
            "before": to_json(before),
            "after": to_json(before + change),
            "change": to_json(change),
            "change_percent": None if any(o.not_known for o in ran) else percent_text(change, before),
            "judged": to_json(change - noise),
            "price_change": self.price_change,
            "at_least": any(owner.at_least or owner.not_known for owner in self.owners),
            "not_compared": to_json(sum(left, Decimal(0))),
            "not_run": to_json(sum(gone, Decimal(0))),
            "without_calls": to_json(sum(silent, Decimal(0))),
            "counts": {status: len(owners) for status, owners in of.items()},
            "amounts": {
                status: to_json(sum((owner.change for owner in owners), Decimal(0))) for status, owners in of.items()
            },
            "owners": [compared(o) for o in sorted(self.owners, key=lambda o: (-abs(o.change), o.id))],
            "by_feature": [
                {
                    "feature": name,
                    "before": to_json(was),
                    "after": to_json(now),
                    "change": to_json(now - was),
                    "at_least": any(owner.not_known for owner in own),
                    "before_at_least": any(owner.before_at_least for owner in own),
                    "after_at_least": any(owner.not_known for owner in own),
                    "not_compared": to_json(
                        sum((Decimal(o.before or 0) for o in own if not o.is_compared), Decimal(0))
                    ),
                    "not_compared_after": to_json(
                        sum((Decimal(o.after or 0) for o in own if not o.is_compared), Decimal(0))
                    ),
                }
                for name, was, now in features(ran)
                for own in [[owner for owner in ran if owner.feature == name]]
            ],
            **({"by_site": list(self.sites)} if self.sites else {}),
        }


def compared(owner: Owner) -> Document:
    before = Decimal(owner.before or 0)
    gone = owner.after is None
    return {
        "owner": owner.id,
        "kind": owner.kind,
        "status": owner.standing,
        "before": to_json(before),
        "after": to_json(Decimal(owner.after or 0)),
        "change": to_json(owner.change),
        "change_percent": None if gone or owner.not_known else percent_text(owner.change, before),
        "judged": "0" if owner.noise else to_json(owner.change),
        "at_least": owner.at_least,
        "before_at_least": owner.before_at_least,
        "after_at_least": owner.at_least or bool(owner.not_known),
        "not_known": owner.not_known or None,
        "noise": owner.noise,
        "samples": owner.samples,
        "was": owner.was,
        "place": owner.place,
        "causes": [{"cause": kind, "amount": amount, "text": text} for kind, amount, text in owner.causes],
    }


def percent_text(change: Decimal, before: Decimal) -> str | None:
    value = percent(change, before)
    return None if value is None else f"{value:f}"


def features(owners: Sequence[Owner]) -> list[tuple[str, Decimal, Decimal]]:
    names = sorted({owner.feature for owner in owners if owner.feature is not None})
    of = {name: [owner for owner in owners if owner.feature == name and owner.is_compared] for name in names}
    return [
        (
            name,
            sum((Decimal(owner.before or 0) for owner in each), Decimal(0)),
            sum((Decimal(owner.after or 0) for owner in each), Decimal(0)),
        )
        for name, each in of.items()
    ]


def by(owners: Sequence[Owner], key: str, name_of: Callable[[Owner], str | None]) -> list[Document]:
    names = sorted({name for owner in owners if (name := name_of(owner)) is not None})
    return [{key: name, **totals([owner for owner in owners if name_of(owner) == name])} for name in names]


def totals(owners: Sequence[Owner]) -> Document:
    cost = sum((Decimal(owner.after or 0) for owner in owners), Decimal(0))
    calls = sum(owner.calls for owner in owners)
    return {
        "calls": calls,
        "attempts": calls,
        "free": 0,
        "cost": to_json(cost),
        "spent": to_json(sum((Decimal(owner.after or 0) for owner in owners if owner.live), Decimal(0))),
        "at_least": any(owner.at_least for owner in owners),
        "unknown": sum(owner.at_least for owner in owners),
        "unknown_live": sum(owner.at_least and owner.live for owner in owners),
        "usage": {
            "input_tokens": 1200 * calls,
            "cache_creation_5m_input_tokens": 0,
            "cache_creation_1h_input_tokens": 0,
            "cache_read_input_tokens": sum(owner.cache_read * owner.calls for owner in owners),
            "output_tokens": 180 * calls,
            "web_search_requests": 0,
        },
    }


def breach(scope: str, measure: str, value: str, maximum: str, text: str) -> Document:
    """A limit that was reached, in the words of anybody. The text is `file:line: path: sentence`; the sentence begins with the name."""
    where, path, rest = text.split(": ", 2)
    name, verb, excess = rest.partition(" costs ")
    percent = "" if "increase" not in measure else "%"
    of = {"run": "the run", "projection": f"a month, {name}"}.get(scope, f"each {scope}")
    return {
        "scope": scope,
        "name": "" if scope == "run" else name,
        "measure": measure,
        "value": value,
        "maximum": maximum,
        "at_least": False,
        "where": where,
        "path": path,
        "text": text,
        "excess": f"{verb}{excess}".strip(),
        "limit": f"{measure} {maximum.removesuffix('%')}{percent} for {of}",
    }


def reached(limit: Breach) -> Document:
    """A limit that was reached, in the words of a real report."""
    percent = "%" if limit.measure in INCREASES else ""
    return {
        "scope": limit.scope,
        "name": limit.name,
        "measure": limit.measure,
        "value": f"{limit.value}{percent}",
        "maximum": f"{limit.maximum}{percent}",
        "at_least": limit.at_least,
        "where": limit.where,
        "path": limit.path,
        "text": breach_line(limit),
        "excess": excess_of(limit),
        "limit": limit_words(limit),
    }


def increase(
    scope: str, name: str, sides: tuple[str, str], allowed: str, line: int, match: str | None = None
) -> Document:
    """An increase beyond `allowed` percent, by the two amounts."""
    before, after = map(Decimal, sides)
    limit = Breach(
        scope=scope,
        name=name,
        measure="max_increase",
        value=percent(after - before, before),
        maximum=Decimal(allowed),
        where=f"claude-budget.yml:{line}",
        path=f"changes.{scope}",
        match=match,
        before=before,
        after=after,
    )
    return reached(limit)


def spared(owner: str, why: str, ignore_below: str = "0") -> Document:
    """A limit of 25% on the increase of each test, which is not held against this one."""
    entry = {"owner": owner, "maximum": "25%", "where": "claude-budget.yml:13", "why": why}
    return {**entry, "ignore_below": ignore_below}


def dearer(scope: str, name: str, cost: str, maximum: str, line: int) -> Document:
    """A cost beyond a maximum: of the run, a test, or a month."""
    monthly = scope == "projection"
    limit = Breach(
        scope=scope,
        name=name,
        measure="max_monthly_cost" if monthly else "max_cost",
        value=Decimal(cost),
        maximum=Decimal(maximum),
        where=f"claude-budget.yml:{line}",
        path=f"projection.max_monthly_cost.{name}" if monthly else "limits",
    )
    return reached(limit)


def month(
    feature: str,
    requests: int,
    sides: tuple[str | None, str],
    scenario: str = "average",
    spread: tuple[str, str, int] | None = None,
) -> Document:
    """The month of a feature at one volume; `spread` is that of its cheapest test, of its dearest, and how many they are."""
    before, after = sides
    low, high, many = spread or (after, after, 1)
    return {
        "feature": feature,
        "scenario": scenario,
        "requests_per_month": requests,
        "before": before,
        "after": after,
        "change": None if before is None else to_json(Decimal(after) - Decimal(before)),
        "at_least": False,
        "warm": to_json(Decimal(after) / 2),
        "cold": to_json(Decimal(after) * 2),
        "judged_as": "measured",
        "case": None,
        "left_out": [],
        "reason": "",
        "tests": [f"tests/test_{feature}.py::test_{number}" for number in range(many)],
        "samples": 7,
        "low": low,
        "high": high,
    }
