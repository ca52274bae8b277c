"""What requests will cost that nobody has sent yet, as a range: tokens told from the length of their text, at the rates of a day.

An estimate, and never mixed into anything that was measured. Ratios of characters to tokens are off by up to a half for a single text,
so the range goes from two thirds of what they say to one and a half times as much, and never beyond what the bytes allow.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from pytest_claude_budget.base.money import EXACT, ZERO, exact
from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.bounds.asked import Asked, read_request
from pytest_claude_budget.bounds.contents import Contents
from pytest_claude_budget.bounds.images import tokens_of_image
from pytest_claude_budget.calls.call import Answer, Status, Usage
from pytest_claude_budget.calls.token_estimates import tokens_of_text
from pytest_claude_budget.pricing.price import price
from pytest_claude_budget.pricing.rates import RateTable

OFF_BY = Fraction(3, 2)
EACH_REQUEST, EACH_MESSAGE = (3, 14), (2, 5)
"""Tokens, at least and at most, that tell the parts of a conversation apart; as recorded answers count them."""
WITH_TOOLS = (286, 675)
"""Of the instructions that a request with tools brings along, as documented for the models."""
WITH_THINKING = (0, 60)
WITH_FORM = (100, 400)
"""Of the instructions for an answer in a form that the request prescribes, as recorded answers count them."""
IMAGE_LEAST, EACH_IMAGE = Fraction(4, 5), 16
"""Of the most that an image can be; and tokens that tell it apart, at most."""
_FORMS = ("output_config", "output_format", "response_format")
_NO_TEXT = frozenset(("type", "role", "id", "tool_use_id", "media_type", "model", "signature", "data", "url"))
"""Keys whose values the model is not shown as text."""

_FORGOTTEN = frozenset(("thinking",))
"""What an earlier answer thought is read again only amid a round of tools."""
_UNSEEN = ("text", "content", "thinking", "source")
"""Keys whose names the model is not shown."""


@value_class(frozen=True, kw_only=True, slots=True)
class Range:
    """From, and up to; both are meant."""

    low: int
    high: int


@value_class(frozen=True, kw_only=True, slots=True)
class Estimate:
    """What one request will cost, about."""

    model: str
    input: Range
    """Tokens."""
    output: Range
    low: Decimal
    """US dollars at list price."""
    high: Decimal
    at_least: bool = False
    """Something of it has no size that can be told: even `high` may be too little."""
    notes: tuple[str, ...] = ()


class UnpricedError(Exception):
    """The model has no rates; the text says which."""


@value_class(frozen=True, kw_only=True, slots=True)
class Asking:
    """How requests will be asked."""

    model: str
    output: Range | None = None
    """Tokens of an answer; None takes what the request allows."""
    batch: bool = False


class NoOutputError(Exception):
    """Neither the request nor anybody says how long an answer is."""


def tokens_of(request: Mapping[str, Any], model: str) -> Range:
    """Estimate the tokens of a request that the model reads. Raises RecursionError for what is nested too deeply."""
    contents, asked = Contents(), read_request(request)
    told = contents.messages(request.get("messages"))
    texts = [request.get("system"), told, request.get("tools"), *(request.get(name) for name in _FORMS)]
    short, long = (tokens_of_text(_characters(texts, unread), model) for unread in (_NO_TEXT | _FORGOTTEN, _NO_TEXT))
    images = [(tokens_of_image(each, model), each is None) for each in asked.images]
    least_of_images = sum(0 if unseen else int(most * IMAGE_LEAST) for most, unseen in images)
    least, most = _around(request, len(told) if isinstance(told, list) else 1)
    low = int(short / OFF_BY) + least_of_images + least
    return Range(low=low, high=int(long * OFF_BY) + sum(tokens + EACH_IMAGE for tokens, _ in images) + most)


def _around(request: Mapping[str, Any], messages: int) -> tuple[int, int]:
    """Tokens, at least and at most, of what the API puts around the texts of a request."""
    config = request.get("output_config")
    formed = any(request.get(name) for name in _FORMS[1:]) or (isinstance(config, Mapping) and "format" in config)
    parts = [EACH_REQUEST, *([WITH_TOOLS] if request.get("tools") else [])]
    parts += [*([WITH_THINKING] if request.get("thinking") else []), *([WITH_FORM] if formed else [])]
    least, most = (sum(part[end] for part in parts) for end in (0, 1))
    return least + messages * EACH_MESSAGE[0], most + messages * EACH_MESSAGE[1]


def _characters(value: object, unread: frozenset[str]) -> int:
    """Of all that is shown to the model: texts, and the names and values of what is no text; without the values of some keys."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, Mapping):
        read = ((name, each) for name, each in value.items() if name not in unread)
        return sum(_characters(each, unread) + (0 if name in _UNSEEN else len(name) + 4) for name, each in read)
    if isinstance(value, Sequence):
        return sum(_characters(each, unread) for each in value)
    return 0 if value is None else len(str(value))


def estimated(
    request: Mapping[str, Any], asking: Asking, rates: RateTable, day: date, counted: int | None = None
) -> Estimate:
    """Estimate one request; `counted` is what the API says of its tokens. Raises UnpricedError, NoOutputError, RecursionError."""
    asked = read_request(request)
    read = Range(low=counted, high=counted) if counted is not None else tokens_of(request, asking.model)
    output = asking.output or _output(asked)
    low = _usage(read.low, output.low, asked, is_read=True)
    high = _usage(read.high, output.high, asked, is_read=False)
    amounts = [_amount(usage, asked, asking, rates, day) for usage in (low, high)]
    notes = tuple(_notes(asked))
    return Estimate(
        model=asking.model,
        input=read,
        output=output,
        low=min(amounts),
        high=max(amounts),
        at_least=bool(asked.unsized) or asked.tools.rounds > 1,
        notes=notes,
    )


def _output(asked: Asked) -> Range:
    if asked.output is None:
        raise NoOutputError
    return Range(low=1, high=asked.output)


def _usage(read: int, output: int, asked: Asked, *, is_read: bool) -> Usage:
    """Where the request caches: all of it read from the cache at best, all of it written at worst."""
    if asked.lifetime is None:
        return Usage(input_tokens=read, output_tokens=output)
    name = "cache_read_input_tokens" if is_read else f"cache_creation_{asked.lifetime}_input_tokens"
    return Usage(output_tokens=output, **{name: read})


def _amount(usage: Usage, asked: Asked, asking: Asking, rates: RateTable, day: date) -> Decimal:
    answer = Answer(
        status=Status.MEASURED,
        endpoint="messages",
        model=asking.model,
        usage=usage,
        batch=asking.batch,
        speed="fast" if asked.fast and not asking.batch else None,
        inference_geo=asked.geo,
    )
    found = price(answer, day, rates)
    if found.amount is None:
        raise UnpricedError(found.reason)
    return found.amount


def _notes(asked: Asked) -> Iterator[str]:
    if asked.lifetime is not None:
        yield "it asks for caching: the least is with all of it read from the cache, the most with all of it written there"
    for what in asked.unsized:
        yield f"not in it: {what}"
    if asked.tools.rounds > 1:
        yield "not in it: what tools that the server runs read and write"


def mean_of(estimates: Sequence[Estimate]) -> Estimate:
    """One that stands for all: the mean of each end, rounded away from the middle."""
    first, count = estimates[0], len(estimates)
    with exact():
        low, high = (sum((getattr(each, end) for each in estimates), ZERO) for end in ("low", "high"))
    return Estimate(
        model=first.model,
        input=_mean([each.input for each in estimates]),
        output=_mean([each.output for each in estimates]),
        low=_divided(low, count, up=False),
        high=_divided(high, count, up=True),
        at_least=any(each.at_least for each in estimates),
        notes=tuple(dict.fromkeys(note for each in estimates for note in each.notes)),
    )


def _mean(ranges: Sequence[Range]) -> Range:
    count = len(ranges)
    return Range(low=sum(each.low for each in ranges) // count, high=-(-sum(each.high for each in ranges) // count))


def _divided(amount: Decimal, count: int, *, up: bool) -> Decimal:
    """To a whole nano-dollar."""
    nanos = Fraction(amount) * 1_000_000_000 / count
    whole = -(-nanos.numerator // nanos.denominator) if up else nanos.numerator // nanos.denominator
    return EXACT.scaleb(Decimal(whole), -9)


def month(estimate: Estimate, requests: int) -> tuple[Decimal, Decimal]:
    """US dollars of so many requests."""
    return EXACT.multiply(estimate.low, requests), EXACT.multiply(estimate.high, requests)
