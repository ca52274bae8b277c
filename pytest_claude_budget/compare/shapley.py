"""How much of a change in cost each of its causes answers for, by Shapley values.

They add up to the change exactly, and do not depend on the order in which the causes are looked at.

A pair of groups costs `calls * (prompt * share of each kind * its rate + output * rate + searches * rate)`. Each factor
that moved is a player; its value is its marginal contribution, averaged over all orders. Fractions throughout: where
three factors meet, thirds of a cent are exact.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from fractions import Fraction
from math import factorial

from pytest_claude_budget.base.money import EXACT
from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.calls.call import Usage
from pytest_claude_budget.pricing.in_force import InForce, Refusal
from pytest_claude_budget.pricing.rates import CELLS, RateTable
from pytest_claude_budget.record.record import Group, Terms, cost_of_group, rates_of_terms


@value_class(frozen=True, kw_only=True, slots=True)
class Prices:
    """At which table, on which day."""

    rates: RateTable
    day: date

    def of(self, terms: Terms) -> InForce | Refusal:
        """The rates of a group."""
        return rates_of_terms(terms, self.rates, self.day)


@value_class(frozen=True, kw_only=True, slots=True)
class Side:
    """One side of a pair, per call."""

    calls: Fraction
    prompt: Fraction
    """Tokens of every kind that were read."""
    shares: tuple[Fraction, ...]
    """Of the prompt, by kind."""
    output: Fraction
    searches: Fraction
    session_time: Fraction


def a_call(count: int, group: Group) -> Fraction:
    """A count of a group per call; what comes on top of answers counts as one."""
    return Fraction(count, max(1, group.calls))


def _side_of(group: Group) -> Side:
    calls, usage = max(1, group.calls), group.usage
    prompt = usage.prompt_tokens
    shares = tuple(Fraction(count, prompt) for count in _kinds(usage)) if prompt else (Fraction(1), *[Fraction(0)] * 3)
    return Side(
        calls=Fraction(calls),
        prompt=a_call(prompt, group),
        shares=shares,
        output=a_call(usage.output_tokens, group),
        searches=a_call(usage.web_search_requests, group),
        session_time=a_call(usage.session_microhours, group),
    )


def _kinds(usage: Usage) -> tuple[int, ...]:
    return (
        usage.input_tokens,
        usage.cache_creation_5m_input_tokens,
        usage.cache_creation_1h_input_tokens,
        usage.cache_read_input_tokens,
    )


_FACTORS = ("calls", "prompt", "cache", "output", "web_search", "session_time")
Values = dict[str, Fraction]
Worth = Callable[[frozenset[str]], Fraction]
"""What a set of players comes to."""
_Rates = tuple[Fraction, ...]
"""US dollars for one token of each kind, for one token of output, for one search and for a millionth of an hour."""


def attribute(before: Group, after: Group, prices: Prices) -> Values:
    """What each factor that moved answers for, in US dollars: they add up to the difference of the two costs.

    Factors are `calls`, `prompt`, `cache`, `output`, `web_search`, `session_time`, `model` and `service_tier`.
    """
    moved = _moved(before, after)
    if len(moved) == 1 and before.terms == after.terms:
        costs = [cost_of_group(group, prices.rates, prices.day).amount for group in (before, after)]
        return {moved[0]: Fraction(EXACT.subtract(costs[1], costs[0]))}
    one, other = _side_of(before), _side_of(after)
    if not one.prompt:  # of nothing, no kinds can be told
        one = replace(one, shares=other.shares)
    elif not other.prompt:
        other = replace(other, shares=one.shares)
    rates = _rates(before.terms, after.terms, prices)
    priced = sorted(frozenset().union(*rates))

    def cost(chosen: frozenset[str]) -> Fraction:
        held = rates[chosen.intersection(priced)]
        take = {name: other if name in chosen else one for name in _FACTORS}
        each = sum((share * rate for share, rate in zip(take["cache"].shares, held, strict=False)), Fraction(0))
        inside = take["prompt"].prompt * each + take["output"].output * held[4]
        beside = take["web_search"].searches * held[5] + take["session_time"].session_time * held[6]
        return take["calls"].calls * (inside + beside)

    return shapley([*moved, *priced], cost)


def _moved(before: Group, after: Group) -> list[str]:
    """The factors that are other ones now, told in whole numbers: of most owners it is one, or none."""
    one, other = before.usage, after.usage
    calls = max(1, before.calls), max(1, after.calls)
    prompts = one.prompt_tokens, other.prompt_tokens
    kinds = zip(_kinds(one), _kinds(other), strict=True)
    moved = {
        "calls": calls[0] != calls[1],
        "prompt": prompts[0] * calls[1] != prompts[1] * calls[0],
        "cache": all(prompts) and any(a * prompts[1] != b * prompts[0] for a, b in kinds),
        "output": one.output_tokens * calls[1] != other.output_tokens * calls[0],
        "web_search": one.web_search_requests * calls[1] != other.web_search_requests * calls[0],
        "session_time": one.session_microhours * calls[1] != other.session_microhours * calls[0],
    }
    return [name for name in _FACTORS if moved[name]]


def _rates(before: Terms, after: Terms, prices: Prices) -> dict[frozenset[str], _Rates]:
    """The rates by which of `model` and `service_tier` are as they are now.

    Where the two cannot be told apart, since no rates are known for one without the other, all of it is the model's.
    """
    same_model, same_rest = before.model == after.model, before._replace(model=after.model) == after
    nobody, model, rest = frozenset[str](), frozenset({"model"}), frozenset({"service_tier"})
    found = {nobody: _each(before, prices)}
    if same_model and same_rest:
        return found
    if same_model:
        return {**found, rest: _each(after, prices)}
    if same_rest:
        return {**found, model: _each(after, prices)}
    mixed = (before._replace(model=after.model), after._replace(model=before.model))
    if any(isinstance(prices.of(terms), Refusal) for terms in mixed):
        return {**found, model: _each(after, prices)}
    return {**found, model: _each(mixed[0], prices), rest: _each(mixed[1], prices), model | rest: _each(after, prices)}


def _each(terms: Terms, prices: Prices) -> _Rates:
    held = prices.of(terms)
    if isinstance(held, Refusal):
        return (Fraction(0),) * 7
    side = (held.high or held.low).each if terms.long_prompt else held.low.each
    others = (held.search_each, held.session_each)
    return (*(Fraction(getattr(side, kind)) for kind in CELLS), *map(Fraction, others))


def shapley(players: Sequence[str], worth: Worth) -> Values:
    """The Shapley value of each player of a game."""
    if not players:
        return {}
    values = {chosen: worth(chosen) for chosen in _subsets(players)}
    count = len(players)
    weights = [Fraction(factorial(size) * factorial(count - size - 1), factorial(count)) for size in range(count)]
    found = dict.fromkeys(players, Fraction(0))
    for chosen, value in values.items():
        for player in players:
            if player not in chosen:
                found[player] += weights[len(chosen)] * (values[chosen | {player}] - value)
    return found


def _subsets(players: Sequence[str]) -> list[frozenset[str]]:
    found = [frozenset[str]()]
    for player in players:
        found += [chosen | {player} for chosen in found]
    return found
