"""What the counts of an answer are worth that lack something, or that cannot be."""

from collections.abc import Mapping

from pytest_claude_budget.calls.call import Status, Usage
from pytest_claude_budget.wire.bedrock_counts import GUARDRAIL, INTERVENED

BLOCKED = "guardrail_intervened"
"""Bedrock's reason to stop where a guardrail answered: a prompt that it blocks reaches no model."""
_NO_USAGE = Usage()
_MEASURED = Status.MEASURED  # Python 3.11 searches an enum's class at each look


def _lacking(usage_fields: Mapping[str, object]) -> tuple[Status, str | None]:
    """What a usage is worth that may lack a count."""
    missing = [name for name in ("input_tokens", "output_tokens") if usage_fields.get(name) is None]
    if not missing:
        return _MEASURED, None
    if len(missing) == 2:
        return Status.UNMEASURED, "the answer's usage has neither input_tokens nor output_tokens"
    return Status.AT_LEAST, f"the answer's usage has no {missing[0]}"


def standing(
    message: Mapping[str, object], usage: Usage, gaps: list[str], *, has_iterations: bool
) -> tuple[Status, str | None]:
    """What counts are worth that lack something, leave something open, or are zeros that cannot be."""
    fields = message["usage"]
    status, why = _lacking(fields) if isinstance(fields, dict) else (_MEASURED, None)
    if gaps and status is not Status.UNMEASURED:
        status, why = Status.AT_LEAST, "; ".join(filter(None, (why, *gaps)))
    if has_iterations or message.get("stop_reason") in ("refusal", BLOCKED) or message.get(GUARDRAIL) == INTERVENED:
        return status, why
    if usage == _NO_USAGE:
        return Status.UNMEASURED, why or "the answer's usage counts nothing at all"
    if status is not _MEASURED:
        return status, why
    if not usage.prompt_tokens:
        return Status.AT_LEAST, "the answer's usage counts no token of the prompt"
    if not usage.output_tokens and _shows_output(message.get("content")):
        return Status.AT_LEAST, "the answer has content and its usage counts no output"
    return status, why


def _shows_output(content: object) -> bool:
    """Is there anything that took tokens to write? An empty block of text did not."""
    for block in content if isinstance(content, list) else ():
        if not isinstance(block, dict) or block.get("type", "text") not in ("text", "thinking"):
            return True
        if block.get("text") or block.get("thinking") or block.get("signature"):
            return True
    return isinstance(content, str) and content != ""


def is_refused_unbilled(message: Mapping[str, object]) -> bool:
    """A refusal before any output is not billed; its usage is informational."""
    usage_fields = message["usage"]
    empty = message.get("content") in ([], None)
    return empty and isinstance(usage_fields, dict) and usage_fields.get("output_tokens") == 0
