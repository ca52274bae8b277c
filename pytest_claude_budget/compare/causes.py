"""Why the cost of an owner moved: causes with their dollars, which add up to the change exactly, each in a sentence.

`attribution.py` shares the dollars out; this names them. How much of a longer prompt belongs to which part of the request
is told from the lengths of its parts (docs/explanations.md).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction

from pytest_claude_budget.base.durations import running_time
from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.calls.fingerprints import NOTHING, read_fingerprint, why_the_cache_moved
from pytest_claude_budget.compare.pairing import Pairing
from pytest_claude_budget.compare.result import Cause
from pytest_claude_budget.compare.shapley import Prices, a_call, attribute
from pytest_claude_budget.record.record import Group, OwnerRecord, Terms, cost_of_group

NAMES = {"system": "system prompt", "tools": "tools", "messages": "messages", "parameters": "parameters"}
_SMALLEST = Decimal("0.000000000001")
"""To which shares are rounded where they do not end: a millionth of a millionth of a dollar."""
_Row = tuple[str, Fraction, str, tuple[str, ...]]
"""Cause, amount, sentence, further sentences."""
_WIDE = Context(prec=400, rounding=ROUND_HALF_EVEN)


@value_class(frozen=True, kw_only=True, slots=True)
class Share:
    """A part of the change of one pair."""

    cause: str
    amount: Fraction
    text: str


def causes_of(before: OwnerRecord, after: OwnerRecord, pairing: Pairing, prices: Prices) -> tuple[Cause, ...]:
    """Why an owner's cost moved, the largest cause first."""
    shares = [share for pair in pairing.pairs for share in _of_pair(*pair, prices)]
    shares += [_of_calls(group, 1, prices) for group in pairing.added]
    shares += [_of_calls(group, -1, prices) for group in pairing.gone]
    texts = {"calls": _calls_text(before, after, pairing)}
    causes = _exact(_merged(shares, texts))
    tries = before.attempts - before.calls, after.attempts - after.calls
    if tries[1] > tries[0]:
        text = f"{tries[1]:,} failed {'try' if tries[1] == 1 else 'tries'} (was {tries[0]:,}): each is waited for"
        causes.append(Cause(cause="attempts", amount=Decimal(0), text=text))
    return tuple(causes)


def _of_calls(group: Group, sign: int, prices: Prices) -> Share:
    amount = Fraction(cost_of_group(group, prices.rates, prices.day).amount)
    return Share(
        cause=group.on_top or "calls", amount=sign * amount, text=f"{group.on_top} {'added' if sign > 0 else 'gone'}"
    )


def _calls_text(before: OwnerRecord, after: OwnerRecord, pairing: Pairing) -> str:
    now, then = after.calls, before.calls
    if now == then:
        return f"asks other things in {now:,} {'call' if now == 1 else 'calls'}"
    if not now:
        return f"makes no calls any more (was {then:,})"
    text = f"makes {now:,} {'call' if now == 1 else 'calls'} (was {then:,})"
    repeated = [pair for pair in pairing.pairs if pair[1].calls > pair[0].calls and pair[0].request == pair[1].request]
    if repeated and not pairing.added and repeated[0][0].request is not None:
        return f"{text}: it asks the same thing again, as retries do"
    return text


def _of_pair(before: Group, after: Group, prices: Prices) -> Iterator[Share]:
    for factor, amount in attribute(before, after, prices).items():
        if factor == "prompt":
            yield from _of_prompt(before, after, amount)
        else:
            yield Share(cause=factor, amount=amount, text=_TEXTS[factor](before, after))


def _of_prompt(before: Group, after: Group, amount: Fraction) -> Iterator[Share]:
    """A longer or shorter prompt, by the parts of the request that changed."""
    tokens = a_call(after.usage.prompt_tokens, after) - a_call(before.usage.prompt_tokens, before)
    one, other = read_fingerprint(before.request), read_fingerprint(after.request)
    known = one is not NOTHING and other is not NOTHING
    changed = one.changed_parts(other) if known else []
    if not changed:
        if before.terms.model != after.terms.model and known:
            text = f"{_model_text(before, after)}, which counts the same text as {_signed(tokens)} tokens"
            yield Share(cause="model", amount=amount, text=text)
        else:
            yield Share(cause="input", amount=amount, text=f"input {_signed(tokens)} tokens")
        return
    parts = _by_part(changed, tokens, one.lengths, other.lengths)
    for part, own in parts.items():
        text = f"{NAMES[part]} {_signed(own)} tokens" if own else f"{NAMES[part]} changed"
        yield Share(cause=part, amount=amount * own / tokens, text=text)


def _by_part(
    changed: Sequence[str], tokens: Fraction, before: Mapping[str, int], after: Mapping[str, int]
) -> dict[str, Fraction]:
    """Share tokens out by the lengths that came or went; all parts grow or shrink at the whole's own density."""
    grown = {part: after.get(part, 0) - before.get(part, 0) for part in changed}
    whole = sum(grown.values())
    if len(changed) == 1 or whole * tokens <= 0:  # lengths that say nothing of the tokens
        longest = max(changed, key=lambda part: (grown[part] * (1 if tokens > 0 else -1), part))
        return {part: tokens if part == longest else Fraction(0) for part in changed}
    return {part: tokens * grown[part] / whole for part in changed}


def _model_text(before: Group, after: Group) -> str:
    return f"model {before.terms.model} → {after.terms.model}"


def _output_text(before: Group, after: Group) -> str:
    one, other = (a_call(group.usage.output_tokens, group) for group in (before, after))
    each = " a call" if max(before.calls, after.calls) > 1 else ""
    text = f"output {_number(one)} → {_number(other)} tokens{each}"
    most = read_fingerprint(before.request).max_tokens, read_fingerprint(after.request).max_tokens
    if most[0] != most[1] and None not in most:
        text += f" (max_tokens {most[0]:,} → {most[1]:,})"
    return text


def _cache_text(before: Group, after: Group) -> str:
    one, other = before.usage, after.usage
    if one.cache_read_input_tokens != other.cache_read_input_tokens:
        text = f"cache reads {one.cache_read_input_tokens:,} → {other.cache_read_input_tokens:,}"
    else:
        written = [
            usage.cache_creation_5m_input_tokens + usage.cache_creation_1h_input_tokens for usage in (one, other)
        ]
        text = (
            f"cache writes {written[0]:,} → {written[1]:,}" if written[0] != written[1] else "other shares of the cache"
        )
    why = why_the_cache_moved(read_fingerprint(before.request), read_fingerprint(after.request))
    return f"{text}: {why}" if why else text


def _tier_text(before: Group, after: Group) -> str:
    gone, come = _said_of(before.terms), _said_of(after.terms)
    return f"priced as {', '.join(come) or 'standard'} (was {', '.join(gone) or 'standard'})"


def _said_of(terms: Terms) -> list[str]:
    said = [("batch", terms.batch), ("fast mode", terms.speed == "fast"), ("US inference", terms.geo == "us")]
    said += [("a regional endpoint", terms.regional), ("a long prompt", terms.long_prompt)]
    return [name for name, is_so in said if is_so] + ([f"tier {terms.tier}"] if terms.tier else [])


def _search_text(before: Group, after: Group) -> str:
    return f"web searches {before.usage.web_search_requests:,} → {after.usage.web_search_requests:,}"


def _session_text(before: Group, after: Group) -> str:
    then, now = (running_time(group.usage.session_microhours) for group in (before, after))
    return f"running time {then} → {now}"


_TEXTS = {
    "calls": lambda before, after: "",
    "cache": _cache_text,
    "output": _output_text,
    "web_search": _search_text,
    "session_time": _session_text,
    "model": _model_text,
    "service_tier": _tier_text,
}


def _merged(shares: Iterable[Share], texts: Mapping[str, str]) -> list[_Row]:
    """One row a cause: the sum, the sentence of its largest part, and those of the others."""
    by_cause: dict[str, list[Share]] = {}
    for share in shares:
        by_cause.setdefault(share.cause, []).append(share)
    rows = []
    for cause, own in by_cause.items():
        own.sort(key=lambda share: (-abs(share.amount), share.text))
        said = list(dict.fromkeys(filter(None, (texts.get(cause) or share.text for share in own))))
        more = tuple(said[1:])
        rows.append((cause, sum((share.amount for share in own), Fraction(0)), said[0], more))
    return sorted(rows, key=lambda row: (-abs(row[1]), row[0]))


def _counted(text: str, more: Sequence[str]) -> str:
    if len(more) == 1:
        what, _, why = text.partition(": ")
        other, _, same = more[0].partition(": ")
        return f"{what}; in other calls {other}: {why}" if why and why == same else f"{text}; in other calls {more[0]}"
    return f"{text} (and {len(more):,} more of its kind, in other calls)" if more else text


def _exact(rows: Sequence[_Row]) -> list[Cause]:
    """As decimals; what rounding leaves over goes to the largest, so that the sum stays exact."""
    if not rows:
        return []
    whole = _decimal(sum((amount for _, amount, *_ in rows), Fraction(0)))
    rounded = [_decimal(amount).quantize(_SMALLEST, context=_WIDE) for _, amount, *_ in rows]
    left = whole
    for amount in rounded[1:]:
        left = _WIDE.subtract(left, amount)
    amounts = [left, *rounded[1:]]
    return [
        Cause(cause=cause, amount=own, text=_counted(text, more), first=text if more else "", more=more)
        for (cause, _, text, more), own in zip(rows, amounts, strict=True)
    ]


def _decimal(value: Fraction) -> Decimal:
    return _WIDE.divide(Decimal(value.numerator), Decimal(value.denominator))


def _number(value: Fraction) -> str:
    return f"{round(value):,}"


def _signed(tokens: Fraction) -> str:
    return f"{'+' if tokens >= 0 else '-'}{_number(abs(tokens))}"
