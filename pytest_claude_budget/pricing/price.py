"""What an answer costs at list price, exactly, or why that cannot be said.

A price is never guessed: what has no published rate is unpriced, with the reason. Where the facts leave a choice open,
the price carries a note. The sum and its explanation rest on the same portions.
"""

from collections.abc import Iterator
from dataclasses import field
from datetime import date
from decimal import Decimal

from pytest_claude_budget.base.money import EXACT, ZERO
from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.calls.call import Answer, Status, Usage
from pytest_claude_budget.pricing.in_force import Factors, InForce, Refusal, add_others, add_tokens
from pytest_claude_budget.pricing.portions import Parts, Portion, only_rates, take_apart
from pytest_claude_budget.pricing.rates import CELL_OF, RateTable

CODE_EXECUTION = "code execution is billed by the hour of its container: not priced here"
_LABELS = ("input", "cache write 5m", "cache write 1h", "cache read", "output")
"""What a person calls the counts of `CELL_OF`, in its order."""


@value_class(frozen=True, slots=True)
class Price:
    """What an answer costs. As for keywords, see `Usage`."""

    amount: Decimal | None
    """US dollars at list price, exact; None is unpriced."""
    at_least: bool = False
    """The amount is a lower bound."""
    reason: str | None = None
    """Why there is no amount, or only a lower bound; for a person."""
    notes: tuple[str, ...] = ()
    """What was assumed and what is not in the amount, beside the answer's own notes."""
    on_top: Usage | None = field(default=None, compare=False)
    """Tokens in the amount that the answer's own counts leave out, such as those of a compaction. Two prices are the
    same that cost the same."""
    only: InForce | None = field(default=None, compare=False)
    """The rates of all that was billed, where one portion at low rates was all."""
    parts: Parts | None = field(default=None, compare=False)
    """What was billed, where that was not all."""


@value_class(frozen=True, kw_only=True, slots=True)
class Term:
    """One product of the sum that an amount is."""

    label: str
    count: int
    """Tokens, searches or millionths of an hour."""
    rate: Decimal
    """US dollars for `per` of them, as listed."""
    per: int
    factors: Factors
    amount: Decimal
    """US dollars: count * rate / per * every factor."""


@value_class(frozen=True, kw_only=True, slots=True)
class Explanation:
    """A price with the terms that add up to its amount; none where it is unpriced."""

    price: Price
    terms: tuple[Term, ...] = ()


_NOTHING = Price(amount=ZERO)


def price(answer: Answer, day: date, rates: RateTable) -> Price:
    """The list price of one answer on the day (UTC) of its call. Never raises over what a server has said."""
    own = only_rates(answer, day, rates)
    if own is not None:
        return _price_of_one_portion(answer, own)
    parts = _parts(answer, day, rates)
    if isinstance(parts, Price):
        return parts
    amount = ZERO
    for portion in parts.portions:
        amount = add_tokens(amount, portion.usage, portion.side.each)
    return _price_of(add_others(amount, answer.usage, parts.rates), answer, parts)


def explain_price(answer: Answer, day: date, rates: RateTable) -> Explanation:
    """The same price with its terms, whose amounts add up to it exactly."""
    parts = _parts(answer, day, rates)
    if isinstance(parts, Price):
        return Explanation(price=parts)
    terms = [term for portion in parts.portions for term in _terms(portion)]
    searches = answer.usage.web_search_requests
    if searches:
        rate, amount = rates.web_search_per_1000, EXACT.multiply(searches, parts.rates.search_each)
        terms.append(Term(label="web search", count=searches, rate=rate, per=1000, factors=(), amount=amount))
    ran = answer.usage.session_microhours
    if ran:
        rate, amount = rates.session_per_hour, EXACT.multiply(ran, parts.rates.session_each)
        terms.append(Term(label="running time", count=ran, rate=rate, per=1_000_000, factors=(), amount=amount))
    total = ZERO
    for term in terms:
        total = EXACT.add(total, term.amount)
    return Explanation(price=_price_of(total, answer, parts), terms=tuple(terms))


def _parts(answer: Answer, day: date, rates: RateTable) -> Parts | Price:
    """What an answer is billed for, or the price of one that needs no sum."""
    status = answer.status
    if status is Status.FAILED or status is Status.FREE:
        return _NOTHING
    if status is Status.UNMEASURED:
        return Price(amount=None, reason=answer.reason or "the usage is not known")
    parts = take_apart(answer, day, rates)
    return Price(amount=None, reason=parts.reason) if isinstance(parts, Refusal) else parts


def _price_of_one_portion(answer: Answer, own: InForce) -> Price:
    """The same as by way of parts, for what nearly all answers are: a run may have 100,000 of them to price."""
    usage = answer.usage
    amount = add_tokens(ZERO, usage, own.low.each)
    if usage.web_search_requests or usage.session_microhours:
        amount = add_others(amount, usage, own)
    if usage.code_execution_requests:
        return Price(amount=amount, notes=(*own.notes, CODE_EXECUTION), only=own)
    return Price(amount, False, None, own.notes, None, own)  # noqa: FBT003  # keywords would take twice as long


def _price_of(amount: Decimal, answer: Answer, parts: Parts) -> Price:
    notes = parts.rates.notes
    if answer.usage.code_execution_requests:
        notes = (*notes, CODE_EXECUTION)
    if parts.notes:
        notes = tuple(dict.fromkeys((*notes, *parts.notes)))
    on_top = parts.on_top()
    if answer.status is not Status.AT_LEAST and not parts.gaps:
        return Price(amount=amount, notes=notes, on_top=on_top, parts=parts)
    cut = [answer.reason or "only a part of the usage is known"] if answer.status is Status.AT_LEAST else []
    reason = "; ".join(dict.fromkeys(cut + parts.gaps))
    return Price(amount=amount, at_least=True, reason=reason, notes=notes, on_top=on_top, parts=parts)


def _terms(portion: Portion) -> Iterator[Term]:
    before = "".join(f"{label}, " for label in (portion.label, portion.side.label) if label)
    for label, (count_name, cell) in zip(_LABELS, CELL_OF.items(), strict=True):
        count = getattr(portion.usage, count_name)
        if count:
            yield Term(
                label=before + label,
                count=count,
                rate=getattr(portion.side.listed, cell),
                per=1_000_000,
                factors=portion.rates.factors,
                amount=EXACT.multiply(count, getattr(portion.side.each, cell)),
            )
