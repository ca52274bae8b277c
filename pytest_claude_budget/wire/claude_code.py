"""What Claude Code says that it used: the `result` message that ends each of its turns.

Its `modelUsage` has sums by model, sub-agents included: since the program began, or, where it went on with an earlier
conversation, since that began. So what a turn used is the difference to what was said before.
"""

from collections.abc import Mapping
from dataclasses import replace

from pytest_claude_budget.calls.call import CLAUDE_CODE, Answer, Status, Usage
from pytest_claude_budget.calls.usage_sums import beyond, tokens_of
from pytest_claude_budget.wire.failures import failure_of
from pytest_claude_budget.wire.messages import LONGEST_MODEL
from pytest_claude_budget.wire.usage_fields import Remarks, UnreadableError, count, read_usage, text

SAID = "told by Claude Code in its own words, in one sum for each turn and model"
NOTHING_SAID = "Claude Code was asked and has not said what it used"
GOES_ON = "a conversation that went on from before: what sub-agents used in its first turn is not known"
SEVERAL_SPEEDS = "a part was in fast mode, and by which of the models is not told"
_FIELDS = {
    "input_tokens": "inputTokens",
    "output_tokens": "outputTokens",
    "cache_read_input_tokens": "cacheReadInputTokens",
    "cache_creation_5m_input_tokens": "cacheCreationEphemeral5mInputTokens",
    "cache_creation_1h_input_tokens": "cacheCreationEphemeral1hInputTokens",
    "web_search_requests": "webSearchRequests",
}
_WRITTEN = "cacheCreationInputTokens"

Sums = Mapping[str, Usage]
"""By model."""
_NOTHING = Usage()


def sums_of(result: Mapping[str, object]) -> Sums | None:
    """The sums that a result states; None where it states none. May raise UnreadableError."""
    stated = result.get("modelUsage")
    if not isinstance(stated, dict) or not stated:
        return None
    return {str(model)[:LONGEST_MODEL]: _usage(fields) for model, fields in stated.items() if isinstance(fields, dict)}


def _usage(fields: Mapping[str, object]) -> Usage:
    usage = Usage(**{name: count(fields, said) for name, said in _FIELDS.items()})
    split = usage.cache_creation_5m_input_tokens + usage.cache_creation_1h_input_tokens
    rest = max(0, count(fields, _WRITTEN) - split)
    return replace(usage, cache_creation_5m_input_tokens=usage.cache_creation_5m_input_tokens + rest)


def answers_of(result: Mapping[str, object], before: Sums | None, asked: str | None) -> list[Answer]:
    """What one turn used, an answer for each model; never empty.

    `before` is what had been said earlier, None where the conversation is older and that is not known; `asked` is the
    model that was asked for.
    """
    try:
        sums = sums_of(result)
        if sums is None or before is None:
            return [_of_main_loop(result, sums, asked)]
        parts = {model: _since(usage, before.get(model, _NOTHING)) for model, usage in sums.items()}
        used = {model: usage for model, usage in parts.items() if usage != _NOTHING}
        terms = _terms(result)
    except UnreadableError as reason:
        return [Answer(status=Status.UNMEASURED, endpoint=CLAUDE_CODE, model=asked, reason=str(reason))]
    if not used:
        return [_without_answer(result)]
    answers = [replace(terms, model=model, usage=usage) for model, usage in used.items()]
    if len(answers) > 1 and terms.speed == "fast":
        gap = {"status": Status.AT_LEAST, "reason": SEVERAL_SPEEDS, "speed": None}
        return [replace(answer, **gap) for answer in answers]  # type: ignore[arg-type]  # its own fields
    return answers


def _since(usage: Usage, before: Usage) -> Usage:
    """What came on top; all where the sums have begun anew."""
    return usage if beyond(before, usage) != _NOTHING else beyond(usage, before)


def _of_main_loop(result: Mapping[str, object], sums: Sums | None, asked: str | None) -> Answer:
    """The counts of the turn itself, which leave out what its sub-agents used."""
    fields = result.get("usage")
    if not isinstance(fields, dict):
        return Answer(status=Status.UNMEASURED, endpoint=CLAUDE_CODE, model=asked, reason=NOTHING_SAID)
    usage = read_usage(fields, Remarks(lambda: None))
    if tokens_of(usage) == _NOTHING:
        return _without_answer(result)
    model = next(iter(sums)) if sums and len(sums) == 1 else asked
    return replace(_terms(result), status=Status.AT_LEAST, model=model, usage=usage, reason=GOES_ON)


def _terms(result: Mapping[str, object]) -> Answer:
    """An answer without counts, under the terms that the result tells."""
    fields = result.get("usage")
    fields = fields if isinstance(fields, dict) else {}
    return Answer(
        status=Status.MEASURED,
        endpoint=CLAUDE_CODE,
        speed=text(fields, "speed"),
        inference_geo=text(fields, "inference_geo"),
        service_tier=text(fields, "service_tier"),
        notes=(SAID,),
    )


def _without_answer(result: Mapping[str, object]) -> Answer:
    """A turn that used nothing: an error, or a command of Claude Code's own."""
    if result.get("is_error") is True:
        status = result.get("api_error_status")
        http_status = status if isinstance(status, int) and not isinstance(status, bool) else None
        said = "" if http_status is None else f" (HTTP status {http_status})"
        return Answer(
            status=Status.FAILED,
            endpoint=CLAUDE_CODE,
            http_status=http_status,
            reason=f"Claude Code failed{said}",
            failure=failure_of(http_status or 0),
        )
    return Answer(status=Status.FREE, endpoint=CLAUDE_CODE)
