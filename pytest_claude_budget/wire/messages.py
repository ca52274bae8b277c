"""What one message of Claude used: the JSON answer, also as it stands in streams and batch results."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_claude_budget.base.fast_json import loads
from pytest_claude_budget.calls.call import Answer, Status, Usage
from pytest_claude_budget.calls.failure import Failure
from pytest_claude_budget.wire.answer_headers import NO_HEADERS, Headers
from pytest_claude_budget.wire.failures import failure_in
from pytest_claude_budget.wire.lifetimes import lifetimes_of
from pytest_claude_budget.wire.rarer import rarer
from pytest_claude_budget.wire.routes import SESSIONS, Kind, Route
from pytest_claude_budget.wire.signs_of_claude import is_claude, is_message, look_into
from pytest_claude_budget.wire.standing import BLOCKED, is_refused_unbilled, standing
from pytest_claude_budget.wire.stop_reasons import STOP_REASONS, tools_called
from pytest_claude_budget.wire.usage_fields import Remarks, UnreadableError, read_iterations, read_usage, text

if TYPE_CHECKING:
    from pytest_claude_budget.wire.openai_usage import Translated

ON_TOP = frozenset(("compaction", "advisor_message"))
"""Iterations that are billed besides the answer's own counts, whatever became of the answer."""
# Python 3.11 searches an enum's class at each look.
_MEASURED = Status.MEASURED
_MESSAGES, _GUESS, _BATCH_RESULTS = Kind.MESSAGES, Kind.GUESS, Kind.BATCH_RESULTS
_COMPATIBLE, _CONVERSE = Kind.COMPATIBLE, Kind.CONVERSE
_NO_USAGE = Usage()
OTHER_FORM = "the answer counts tokens in a form that is not read"
SEVERAL = "the answer holds several messages in a form that is not read"
_GUARDED = "a guardrail answered: AWS bills it apart, and it is not priced here"
_STANDARD = "standard"
LONGEST_MODEL = 300
"""Characters of a model id that are kept; a longer one is no id of a model."""


class Exchange(NamedTuple):
    """What is known about an exchange besides its body."""

    route: Route
    http_status: int
    asked: bytes | str | None
    """The request, of which only the model is read, and only where it must be: most answers name theirs. Or that model."""
    request: str | None = None
    """The request's fingerprint."""
    asks_for_more: bool = False
    """The request's model may say more than the answer's: a region, fast mode, a profile of the user's."""
    long_lifetimes: frozenset[str] | None = None
    """Lifetimes of the request's cache breakpoints, where it is too long for its fingerprint to list them."""
    in_application: bool = False
    """An application of this process answers: what it says in a form of its own is its own business."""
    headers: Headers = NO_HEADERS
    facts: str | None = None
    """The request's."""

    def requested_model(self) -> str | None:
        """Name the model that the request asks for, None where it cannot be told."""
        return requested_model(self.asked) if isinstance(self.asked, bytes) else self.asked

    def lifetimes(self) -> frozenset[str] | None:
        """Tell the lifetimes that the request's cache breakpoints set, None where the request was not seen."""
        return self.long_lifetimes if self.long_lifetimes is not None else lifetimes_of(self.request)


exchange_of: Callable[[tuple[Any, ...]], Exchange] = partial(tuple.__new__, Exchange)
"""One of all its values in their order, made by C alone."""


def requested_model(body: bytes | None) -> str | None:
    """Name the model that a request asks for, None where it cannot be told. Never raises."""
    if not body or b'"model"' not in body:
        return None
    try:
        value = json.loads(body)
        model = value.get("model") if isinstance(value, dict) else None
    except (ValueError, RecursionError):
        return None
    return model[:LONGEST_MODEL] if isinstance(model, str) else None


def read_answer(body: bytes, exchange: Exchange) -> Answer | None:
    """Read a whole JSON answer; None when it shows that the exchange was not with Claude after all."""
    try:
        value = loads(body)
    except (ValueError, RecursionError):
        value = None
    kind = exchange.route.kind
    if kind is _GUESS:
        return _guessed(value, exchange, body)
    if kind is not _MESSAGES and kind is Kind.COUNT_TOKENS:
        return free(exchange, "count_tokens")
    if not isinstance(value, dict):
        return unmeasured(exchange, "the answer is not JSON" if value is None else "the answer is not a JSON object")
    if kind is not _MESSAGES and kind is Kind.BATCH_CREATE:
        return _batch_created(value, exchange)
    if value.get("type") == "error" or (value.get("error") and "usage" not in value):
        return failed(exchange, "an error inside an answer with status 200", failure_in(value))
    if kind is _COMPATIBLE and (translated := _translated(value, body)) is not None:
        return of_translated(translated, exchange)
    return answer_of_converse(value, exchange) if kind is _CONVERSE else answer_of(value, exchange)


def _translated(value: object, body: bytes) -> "Translated | None":
    """Read again with every digit where it states dollars."""
    as_message: Callable[[object], Translated | None] = rarer("openai_usage", "as_message")
    translated = as_message(value)
    if translated is None or translated.cost is None:
        return translated
    return as_message(json.loads(body, parse_float=Decimal))


def of_translated(translated: "Translated", exchange: Exchange) -> Answer:
    """Read an answer that had OpenAI's form."""
    dollars: Callable[[object], Decimal | None] = rarer("openai_usage", "dollars")
    message = translated.message
    if translated.fault is not None:
        answer = unmeasured(exchange, translated.fault, model=_model(message))
    else:
        answer = answer_of(message, exchange, gaps=translated.gaps)
    charged = translated.cost
    if charged is None and exchange.headers.charged is not None:
        charged = dollars(exchange.headers.charged) or None  # a stream's header is sent before anybody knows
    return replace(answer, endpoint=_COMPATIBLE.value, stated_cost=charged)


def answer_of(
    message: Mapping[str, object], exchange: Exchange, item_id: str | None = None, *, gaps: Sequence[str] = ()
) -> Answer:
    """Read a message object: model, usage, and whether it is billed at all.

    `item_id` names it within a batch; `gaps` say why its counts are a lower bound, as far as that is known before.
    """
    usage_fields = message.get("usage")
    if exchange.headers is not NO_HEADERS:
        message = _with_headers(message, exchange.headers)
        usage_fields = message.get("usage")
    if not isinstance(usage_fields, dict) or not usage_fields:
        return unmeasured(exchange, "the answer states no usage", model=_model(message), item_id=item_id)
    remarks = Remarks(exchange.lifetimes)
    remarks.gaps += gaps
    try:
        usage = read_usage(usage_fields, remarks)
        iterations = read_iterations(usage_fields, remarks) if "iterations" in usage_fields else ()
        tier = text(usage_fields, "service_tier") if usage_fields.get("service_tier") != _STANDARD else _STANDARD
        speed = text(usage_fields, "speed") if "speed" in usage_fields else None
        geo = text(usage_fields, "inference_geo") if "inference_geo" in usage_fields else None
    except UnreadableError as reason:
        return unmeasured(exchange, str(reason), model=_model(message), item_id=item_id)
    status: Status = _MEASURED
    why: str | None = None
    notes = remarks.notes
    if not usage.input_tokens or not usage.output_tokens or remarks.gaps:
        status, why = standing(message, usage, remarks.gaps, has_iterations=bool(iterations))
        if status is Status.UNMEASURED:
            return unmeasured(exchange, why or "", model=_model(message), item_id=item_id)
        if message.get("stop_reason") == "refusal" and is_refused_unbilled(message):
            status, why, usage, notes = _MEASURED, None, _NO_USAGE, ["refused before any output: not billed"]
            iterations = tuple(entry for entry in iterations if entry.kind in ON_TOP)
    model, found = _model(message), exchange.route
    lacking = model is None or (iterations and any(entry.model is None for entry in iterations))
    needs_request = exchange.asks_for_more or lacking
    in_batch = found.kind is _BATCH_RESULTS
    return Answer(  # in the order of its fields
        status,
        "batch_result" if in_batch else "messages",
        model if model is not None and found.model is None else _priced_model(model, exchange),
        exchange.requested_model() or found.model if needs_request else None,
        usage,
        iterations,
        in_batch or tier == "batch",
        speed,
        geo,
        tier,
        found.regional,
        found.batch_id,
        item_id,
        exchange.http_status,
        why,
        tuple(dict.fromkeys(notes)) if notes else (),
        None,
        exchange.request,
        stop if type(stop := message.get("stop_reason")) is str and stop in STOP_REASONS else None,
        exchange.facts,
        None if exchange.facts is None else tools_called(message.get("content")),
    )


def answer_of_converse(value: Mapping[str, object], exchange: Exchange) -> Answer:
    """Read an answer of Bedrock's Converse, or what a stream of it has said."""
    invoked_model: Callable[[Mapping[str, object]], str | None] = rarer("converse", "invoked_model")
    message_of: Callable[[Mapping[str, object]], dict[str, object]] = rarer("converse", "message_of")
    unknown_counts: Callable[[Mapping[str, object]], list[str]] = rarer("converse", "unknown_counts")
    invoked, route = invoked_model(value), exchange.route
    if invoked is not None:
        if route.opaque and not is_claude(invoked):
            return free(exchange, Kind.CONVERSE.value, "a model of another maker answered")
        exchange = exchange._replace(route=replace(route, model=invoked[:LONGEST_MODEL]))
    message = message_of(value)
    answer = answer_of(message, exchange, gaps=unknown_counts(value))
    notes = (*answer.notes, _GUARDED) if message["stop_reason"] == BLOCKED else answer.notes
    return replace(answer, endpoint=_CONVERSE.value, notes=notes)


def _with_headers(message: Mapping[str, object], headers: Headers) -> Mapping[str, object]:
    """The message with the counts of the headers where it states none, and under the terms that they tell."""
    stated, conditions = message.get("usage"), headers.conditions()
    if stated and not conditions:
        return message
    if not stated:
        stated, message = headers.usage(), {"content": message.get("completion"), **message}
    return {**message, "usage": {**stated, **conditions} if conditions and isinstance(stated, dict) else stated}


def _guessed(value: object, exchange: Exchange, body: bytes) -> Answer | None:
    """An answer on an unknown path: one of Claude's where it counts tokens and the request or the answer names Claude."""
    named = not exchange.route.unnamed
    if named and is_message(value) and isinstance(value, dict):
        return answer_of(value, exchange)
    if exchange.in_application:
        return None
    translated = _translated(value, body)
    if translated is not None and (named or is_claude(translated.message["model"])):
        return of_translated(translated, exchange) if translated.counts else None
    seen = look_into(value)
    if not seen.counts_tokens or not (named or seen.names_claude):
        return None
    if len(seen.messages) == 1:
        return answer_of(seen.messages[0], exchange)
    return unmeasured(exchange, SEVERAL if seen.messages else OTHER_FORM)


def failed(exchange: Exchange, reason: str, failure: Failure, *, item_id: str | None = None) -> Answer:
    """A try that brought no answer."""
    return replace(_without_usage(exchange, Status.FAILED, reason, item_id=item_id), failure=failure)


def free(exchange: Exchange, endpoint: str, reason: str | None = None, failure: Failure | None = None) -> Answer:
    """An answer that is not billed; with a reason, a try that did not bring it."""
    return Answer(
        status=Status.FREE,
        endpoint=endpoint,
        model=exchange.route.model,
        http_status=exchange.http_status,
        reason=reason,
        failure=failure,
    )


def tried(exchange: Exchange, reason: str, failure: Failure) -> Answer | None:
    """A try that brought no answer: an attempt, unless the answer would have been free. None where nobody knows."""
    kind = exchange.route.kind
    if kind is Kind.GUESS:
        return None
    if kind in (Kind.COUNT_TOKENS, Kind.BATCH_RESULTS) or kind in SESSIONS:
        return free(exchange, kind.value, reason, failure)
    return failed(exchange, reason, failure)


def unmeasured(exchange: Exchange, reason: str, *, model: str | None = None, item_id: str | None = None) -> Answer:
    """An answer whose usage cannot be told."""
    return _without_usage(exchange, Status.UNMEASURED, reason, model=model, item_id=item_id)


def _without_usage(
    exchange: Exchange, status: Status, reason: str, *, model: str | None = None, item_id: str | None
) -> Answer:
    requested = exchange.requested_model() or exchange.route.model
    in_batch = exchange.route.kind is Kind.BATCH_RESULTS
    return Answer(
        status=status,
        endpoint="batch_result" if in_batch else exchange.route.kind.value,
        model=model or requested,
        requested_model=requested,
        batch=in_batch,
        regional=exchange.route.regional,
        batch_id=exchange.route.batch_id,
        item_id=item_id,
        http_status=exchange.http_status,
        reason=reason,
        request=exchange.request,
    )


def _model(message: Mapping[str, object]) -> str | None:
    model = message.get("model")
    return model[:LONGEST_MODEL] if isinstance(model, str) and model else None


def _priced_model(answered: str | None, exchange: Exchange) -> str | None:
    """The answer's own model; Bedrock's URL knows more, since its prefix tells the region."""
    in_url = exchange.route.model
    if in_url is not None and (
        answered is None or "anthropic." in in_url or "inference-profile" in in_url or ":bedrock:" in in_url
    ):
        return in_url
    return answered or exchange.requested_model()


def _batch_created(value: Mapping[str, object], exchange: Exchange) -> Answer:
    batch_id = value.get("id")
    if not isinstance(batch_id, str):
        return unmeasured(exchange, "a batch was created and its id cannot be read")
    return Answer(
        status=Status.FREE,
        endpoint=Kind.BATCH_CREATE.value,
        batch=True,
        batch_id=batch_id[:200],
        http_status=exchange.http_status,
        request=exchange.request,
    )
