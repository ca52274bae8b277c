"""One message of a stream, as far as its events have told."""

import re
from collections.abc import Mapping
from dataclasses import replace

from pytest_claude_budget.calls.call import Answer, Status
from pytest_claude_budget.calls.failure import Failure
from pytest_claude_budget.calls.token_estimates import tokens_of_text
from pytest_claude_budget.wire.bedrock_counts import GUARDRAIL
from pytest_claude_budget.wire.messages import Exchange, answer_of, failed, unmeasured
from pytest_claude_budget.wire.routes import Kind
from pytest_claude_budget.wire.usage_fields import grown

_BLOCKS_WITHOUT_TEXT = (b'tool_use"', b'"redacted_thinking"')
"""Blocks that take tokens though no piece of text comes with them."""
_TOOL = re.compile(rb'"type": ?"tool_use"(?:, ?"id": ?"[^"\\]*")?, ?"name": ?"([^"\\]{1,200})"').findall
_CALLS = re.compile(rb'"type": ?"tool_use"').findall
_KEPT = ("id", "model", "stop_reason", GUARDRAIL)
_WRITES = "cache_creation_input_tokens"
_UNSPLIT = "only the sum of the cache writes is known: priced at the 5-minute rate"


class StreamedMessage:
    """Takes the events of one message; the bytes of its text are counted by whoever reads the stream."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._message: dict[str, object] | None = None
        self._usage: Mapping[str, object] = {}
        self._said_usage = False
        """A message_delta stated usage."""
        self._complete = False
        """A reason to stop was given, so the counts are final."""
        self.stopped = False
        """The message is said to be over."""
        self._has_content = False
        self._has_output = False
        """There is a block that takes tokens without a piece of text."""
        self._tools: list[dict[str, str]] = []
        """Blocks that call tools; with their names, as far as these could be read."""
        self._fell_back = False
        """Another model went on: what it counts need not be more than what the first counted."""
        self._error: Failure | None = None
        """What an error event said."""
        self.fault: str | None = None
        """Why an event of it could not be read."""
        self.metrics: Mapping[str, object] | None = None
        """Final counts that were stated beside its events, for those that its own leave out; not split by lifetime."""

    def is_another(self, value: Mapping[str, object], text_bytes: int) -> bool:
        """Tell whether a message_start begins another message: it has another id, or none and this one had gone on."""
        message = value.get("message")
        if self._message is None or not isinstance(message, dict):
            return False
        own, other = self._message["id"], message.get("id")
        if isinstance(own, str) and isinstance(other, str):
            return own != other
        return self._complete or self._error is not None or self._has_content or text_bytes > 0

    def start(self, value: Mapping[str, object]) -> None:
        """Take a message_start."""
        message = value.get("message")
        if not isinstance(message, dict):
            self.fault = "the stream's message_start holds no message"
            return
        if self._message is None:
            self._error = None  # that was of an earlier try
        self._message = {name: message.get(name) for name in _KEPT}
        usage = message.get("usage")
        self._usage = grown(self._usage, usage if isinstance(usage, dict) else {})

    def take_delta(self, value: Mapping[str, object]) -> None:
        """Take a message_delta."""
        usage, delta = value.get("usage"), value.get("delta")
        if isinstance(usage, dict):
            self._take_usage(usage)
        if isinstance(delta, dict) and delta.get("stop_reason") is not None:
            self._complete = True
            if self._message is not None:
                self._message["stop_reason"] = delta["stop_reason"]

    def _take_usage(self, usage: Mapping[str, object]) -> None:
        counts_output = usage.get("output_tokens") is not None
        if self._fell_back:
            self._usage = {**self._usage, **{name: said for name, said in usage.items() if said is not None}}
        else:
            placeholder = {"output_tokens": None} if counts_output and not self._said_usage else {}
            self._usage = grown({**self._usage, **placeholder}, usage)
        self._said_usage = self._said_usage or counts_output

    def take_fallback(self, value: Mapping[str, object]) -> bool:
        """From a `fallback` block on another model answers, and the message is priced as its own. False for others."""
        block = value.get("content_block")
        to = block.get("to") if isinstance(block, dict) and block.get("type") == "fallback" else None
        model = to.get("model") if isinstance(to, dict) else None
        if self._message is None or not isinstance(model, str):
            return False
        self._message["model"] = model
        self._fell_back = self._has_content = True
        return True

    def stop(self) -> None:
        """Take a message_stop."""
        self._complete = self.stopped = True

    def fail(self, failure: Failure) -> None:
        """Take an error event."""
        self._error = failure

    def look(self, lines: bytes) -> None:
        """Take lines that carry no usage: they show that there is content."""
        self._has_content = self._has_content or b"content_block" in lines
        if any(block in lines for block in _BLOCKS_WITHOUT_TEXT):
            self._has_output = True
            names = [name.decode("utf-8", "replace") for name in _TOOL(lines)]
            self._tools += [{"type": "tool_use", "name": name} for name in names]
            self._tools += [{"type": "tool_use"}] * (len(_CALLS(lines)) - len(names))

    def answer(self, text_bytes: int, *, ended: bool, followed: bool = False) -> Answer | None:
        """Tell what is known so far. `ended`: the stream's last byte has come; `followed`: another message has begun.

        None when it shows that the exchange was not with Claude after all.
        """
        if self.metrics is not None and not self._said_usage and self.fault is None:
            return self._by_metrics(self.metrics, text_bytes)
        if self._message is None:
            return self._without_start(ended=ended)
        message = {**self._message, "usage": self._usage, "content": self._content(text_bytes)}
        answer = answer_of(message, self._exchange)
        reason = self._incomplete_reason(ended=ended, followed=followed)
        if reason is None and answer.status is Status.AT_LEAST and not answer.usage.output_tokens:
            reason = answer.reason
        if reason is None or answer.status is Status.UNMEASURED:
            return answer
        return _at_least(answer, reason, text_bytes)

    def _by_metrics(self, metrics: Mapping[str, object], text_bytes: int) -> Answer:
        """Tell by the final counts what the events did not tell."""
        split = "cache_creation" in self._usage
        usage = grown({**self._usage, "output_tokens": None}, metrics)
        answer = answer_of(
            {**(self._message or {}), "usage": usage, "content": self._content(text_bytes)}, self._exchange
        )
        unsplit = bool(usage.get(_WRITES)) and not split and self._exchange.lifetimes() is None
        if unsplit and answer.status is Status.MEASURED:
            return replace(answer, status=Status.AT_LEAST, reason=_UNSPLIT)
        return answer

    def _content(self, text_bytes: int) -> list[dict[str, str]]:
        """Blocks that stand for all that was seen."""
        if self._has_output or text_bytes:
            return self._tools or [{"type": "redacted_thinking"}]
        return [{"type": "text", "text": ""}] if self._has_content else []

    def _incomplete_reason(self, *, ended: bool, followed: bool) -> str | None:
        if self.fault is not None:
            return self.fault
        if self._complete:
            return None if self._said_usage else "the stream's last event stated no usage"
        if self._error is not None:
            return "the stream broke off with an error event"
        if followed:
            return "another message began in the stream before this one had ended"
        return "the stream broke off before its last usage" if ended else "the stream was not read to its end"

    def _without_start(self, *, ended: bool) -> Answer | None:
        if self._exchange.route.kind is Kind.GUESS:
            return None
        if self._error is not None:
            return failed(self._exchange, "an error event before the message began", self._error)
        if self.fault is not None:
            return unmeasured(self._exchange, self.fault)
        reason = "the stream ended without a message" if ended else "the stream was not read"
        return unmeasured(self._exchange, reason)


def _at_least(answer: Answer, reason: str, text_bytes: int) -> Answer:
    """Lower bound: what was stated, and output estimated from the text seen where that is more."""
    estimate = tokens_of_text(text_bytes, answer.model)
    usage, notes = answer.usage, answer.notes
    if estimate > usage.output_tokens:
        usage = replace(usage, output_tokens=estimate)
        notes = (*notes, f"output estimated from {text_bytes:,} characters seen")
    if answer.reason is not None and answer.reason not in reason:
        reason = f"{reason}; {answer.reason}"
    return replace(answer, status=Status.AT_LEAST, reason=reason, usage=usage, notes=notes)
