"""The same calls with a cheaper model: named only where every answer is short, and never tried."""

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from fractions import Fraction

from pytest_claude_budget.advice.evidence import Evidence, Side, down
from pytest_claude_budget.advice.lever import MODEL, Lever, Option, Saving
from pytest_claude_budget.advice.look import Look
from pytest_claude_budget.base.money import EXACT
from pytest_claude_budget.calls.token_estimates import has_newer_tokenizer
from pytest_claude_budget.forecast.reprice import MOST_NEWER
from pytest_claude_budget.pricing.in_force import InForce, Refusal, in_force
from pytest_claude_budget.pricing.rates import CELL_OF, RateTable

SHORT = 100
"""Output tokens that an answer has at most, where all of a feature's are called short."""
FEWEST_CALLS = 3
_FAMILIES = ("haiku", "sonnet", "opus")
_FAMILY = re.compile(r"claude-(?:\d-\d-|\d-)?([a-z]+)")
_UNTRIED = "not tried: these tokens at its rates say what its answers cost, and not whether they do; claude-budget advise --try does"
_TOKENIZER = "the newer tokenizer makes none to 35% more tokens of a text: the figures are a range"


def current_models(rates: RateTable, day: date) -> list[str]:
    """The newest model of each family that anybody may use, which has rates on a day."""
    newest: dict[str, tuple[date, str]] = {}
    for name, model in rates.models.items():
        family = _FAMILY.match(name)
        if family is None or family[1] not in _FAMILIES or model.released is None or model.row(day) is None:
            continue
        newest[family[1]] = max(newest.get(family[1], (date.min, "")), (model.released, name))
    return sorted(name for _, name in newest.values())


def find(side: Side, rates: RateTable, day: date) -> Iterator[Lever]:
    """Look at a feature whose answers are all short."""
    looks = side.looks
    if len(looks) < FEWEST_CALLS or max(look.seen.output_tokens for look in looks) > SHORT:
        return
    found: list[tuple[Option, Evidence]] = []
    for model in current_models(rates, day):
        if model != side.model and (evidence := _with(side, model, rates, day)) is not None:
            months = side.volumes.months(side.feature, evidence.owners)
            found.append((Option(model=model, saving=_rounded(evidence.saving), month=months), evidence))
    found.sort(key=lambda entry: entry[0].saving.low)
    if not found:
        return
    first, evidence = found[0]
    text = f"no answer of {len(looks):,} calls has more than {max(look.seen.output_tokens for look in looks):,} output tokens"
    do = "try a cheaper model on these tests"
    rests_on = (_UNTRIED, _TOKENIZER) if first.saving.low != first.saving.high else (_UNTRIED,)
    options = tuple(option for option, _ in found)
    yield side.lever(MODEL, evidence, text=text, do=do, rests_on=rests_on, saving=first.saving, options=options)


def _rounded(saving: Saving) -> Saving:
    return Saving(low=down(Fraction(saving.low)), high=down(Fraction(saving.high)))


def _with(side: Side, model: str, rates: RateTable, day: date) -> Evidence | None:
    """What each call would save; None where it would not, or where the model has no such rates."""
    newer, was = has_newer_tokenizer(model), has_newer_tokenizer(side.model)
    least, most = Fraction(1), Fraction(1)
    if newer != was:
        least, most = (Fraction(1), MOST_NEWER) if newer else (1 / MOST_NEWER, Fraction(1))
    evidence = Evidence()
    rows: dict[int, InForce | Refusal] = {}
    for look in side.looks:
        row = rows.get(id(look.held))
        if row is None:
            row = rows[id(look.held)] = _row(look, model, rates, day)
        if isinstance(row, Refusal) or (row.high is not None and look.prompt * most > row.threshold):
            return None
        tokens = _tokens(look, row)
        now, others = Fraction(look.cost), Fraction(EXACT.multiply(look.seen.web_search_requests, row.search_each))
        evidence.add(look, *(_trillionths(now - others - tokens * factor) for factor in (most, least)))
    return evidence if evidence.saving.low > 0 else None


def _trillionths(amount: Fraction) -> Decimal:
    """To a trillionth of a dollar, rounded down."""
    return EXACT.multiply(Decimal(amount.numerator * 10**12 // amount.denominator), Decimal("0.000000000001"))


def _row(look: Look, model: str, rates: RateTable, day: date) -> InForce | Refusal:
    speed, geo, tier, batch, regional = look.held.conditions
    return in_force(rates, day, model, None, (speed, geo, tier, batch, regional))


def _tokens(look: Look, row: InForce) -> Fraction:
    """US dollars of the same tokens."""
    each, amount = row.low.each, Fraction(0)
    for name, cell in CELL_OF.items():
        amount += getattr(look.seen, name) * Fraction(getattr(each, cell))
    return amount
