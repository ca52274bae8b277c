"""The usage of answers that are streamed in OpenAI's form, read as the bytes pass and kept nowhere.

Chat completions come as `data: {…}` chunks and end with `data: [DONE]`; usage stands in the last chunk, in every one
(cumulative), or in none, where the request did not ask for it. Responses come as named events, with usage in the last.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from pytest_claude_budget.calls.call import Answer, Status
from pytest_claude_budget.calls.failure import Failure
from pytest_claude_budget.wire.failures import failure_in
from pytest_claude_budget.wire.messages import LONGEST_MODEL, Exchange, failed, of_translated, unmeasured
from pytest_claude_budget.wire.openai_usage import as_message, has_content, is_chat
from pytest_claude_budget.wire.routes import Kind
from pytest_claude_budget.wire.signs_of_claude import is_claude
from pytest_claude_budget.wire.usage_fields import grown

LONGEST_EVENT = 16_000_000
"""Bytes of one event that are held back for decoding: the last of a response repeats all of its output."""
NO_USAGE = 'the stream stated no usage: ask for it with stream_options={"include_usage": true}'

_TELLING = re.compile(
    rb'"usage"\s*:\s*\{|"error"\s*:\s*[{"]|"(?:native_)?finish_reason"\s*:\s*"|\[DONE\]'
    rb'|"type"\s*:\s*"(?:error|response\.(?:created|completed|incomplete|failed))"'
).search
"""What an event must have to be decoded, once the model is known. In a text every quote is escaped."""
_CONTENT = re.compile(rb'"(?:content|text|arguments|reasoning(?:_content)?|refusal|delta)"\s*:\s*"[^"]').search
_LINE_ENDS = re.compile(rb"\r\n|\r|\n")
_FIRST_DATA = re.compile(rb"(?:^|[\r\n])data:([^\r\n]*)").search
_ANTHROPICS = re.compile(rb'"type"\s*:\s*"(?:message_|content_block|ping"|error")').search
_ENDS = frozenset(("response.completed", "response.incomplete", "response.failed"))


def is_anthropics(start: bytes) -> bool | None:
    """Tell by its first event whether a stream has Anthropic's form or OpenAI's; None where more bytes are needed."""
    if start.startswith(b"event: message_start") or b"\nevent: message_start" in start:
        return True
    match = _FIRST_DATA(start)
    if match is None or (match.end() == len(start) and len(start) < 4_096):
        return None
    return _ANTHROPICS(match[1]) is not None and b'"choices"' not in match[1]


class CompletionReader:
    """Reads one answer, in chunks cut anywhere."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._held = bytearray()
        """A line whose end has not come yet."""
        self._data: list[bytes] = []
        self._form = ""
        self._model: str | None = None
        self._usage: Mapping[str, object] = {}
        self._is_last = False
        """Nothing that took tokens came after the usage."""
        self._finished = self._done = self._has_content = self._refused = False
        self._error: Failure | None = None
        """What an error in the stream said."""
        self._fault: str | None = None

    @property
    def stopped(self) -> bool:
        """The counts are final."""
        return self._is_last and (self._finished or self._done)

    def passes(self, data: bytes) -> bool:
        """Take whole events that tell nothing, as nearly every chunk of a stream is; False where it must be fed."""
        if self._held or self._data or not self._model or not data.endswith(b"\n\n") or b"\r" in data:
            return False
        if _tells(data):
            return False
        self._pass_over(data)
        return True

    def feed(self, data: bytes) -> bool:
        """Take the next bytes; True when what is known has changed."""
        if self.passes(data):
            return False
        if b"\n" not in data and b"\r" not in data and not self._held.endswith(b"\r"):
            self._hold(data)
            return False
        here = bytes(self._held) + data
        self._held.clear()
        back = b"\r" if here.endswith(b"\r") else b""  # half of a line end, perhaps
        lines = _LINE_ENDS.split(here.removesuffix(b"\r"))
        self._hold(lines.pop() + back)
        changed = False
        for line in lines:
            changed = self._line(line) or changed
        return changed

    def close(self) -> bool:
        """Take what stands after the last line end; True where that tells more."""
        rest = bytes(self._held).rstrip(b"\r")
        self._held.clear()
        changed = self._line(rest) if rest else False
        return self._dispatch() or changed

    def take_closed(self) -> Sequence[Answer]:
        """Return nothing: a stream of this form holds one answer."""
        return ()

    def answer(self, *, ended: bool) -> Answer | None:
        """Tell what is known so far; `ended` means that the stream's last byte has come.

        None when nothing shows that the exchange was with Claude.
        """
        if self._fault is not None:
            return self._without_usage(self._fault)
        if not self._usage:
            return self._uncounted(ended=ended)
        choice = {"delta": {"content": "…"} if self._has_content else {}, "finish_reason": self._refused and "refusal"}
        output = [{"type": "message"}] if self._has_content else []
        translated = as_message(
            {"object": self._form, "model": self._model, "usage": self._usage, "choices": [choice], "output": output}
        )
        if translated is None:
            return None
        answer = of_translated(translated, self._exchange)
        if self.stopped or answer.status is Status.UNMEASURED:
            return answer
        reason = self._why_open(ended=ended)
        if answer.reason is not None:
            reason = f"{reason}; {answer.reason}"
        return replace(answer, status=Status.AT_LEAST, reason=reason)

    def _why_open(self, *, ended: bool) -> str:
        if self._error is not None:
            return "the stream broke off with an error event"
        if self._finished or self._done:
            return "the stream's last event stated no usage"
        return "the stream broke off before its last usage" if ended else "the stream was not read to its end"

    def _uncounted(self, *, ended: bool) -> Answer | None:
        if self._error is not None and not self._has_content:
            if self._is_guess():
                return None
            return failed(self._exchange, "an error event before the message began", self._error)
        if self._error is not None:
            return self._without_usage("the stream broke off with an error event, and stated no usage")
        if self._finished or self._done:
            return self._without_usage(NO_USAGE)
        if not self._form:
            return self._without_usage("the stream ended without an answer" if ended else "the stream was not read")
        return self._without_usage(
            "the stream broke off before its usage" if ended else "the stream was not read to its end"
        )

    def _without_usage(self, reason: str) -> Answer | None:
        if self._is_guess() and not is_claude(self._model):
            return None
        return unmeasured(self._exchange, reason, model=self._model)

    def _is_guess(self) -> bool:
        return self._exchange.route.kind is Kind.GUESS

    def _hold(self, data: bytes) -> None:
        if len(self._held) + len(data) > LONGEST_EVENT:
            self._fault = "an event of the stream is too long to read"
            return
        self._held += data

    def _line(self, line: bytes) -> bool:
        if not line:
            return self._dispatch()
        if line.startswith(b"data:"):
            self._data.append(line[5:])
        return False

    def _dispatch(self) -> bool:
        data = b"\n".join(self._data).strip()
        self._data.clear()
        if not data:
            return False
        if data == b"[DONE]":
            self._done = True
            return True
        if self._model and not _tells(data):
            self._pass_over(data)
            return False
        try:
            value = json.loads(data, parse_float=Decimal)
        except (ValueError, RecursionError):
            return False
        if isinstance(value, dict) and self._take(value):
            return True
        self._pass_over(data)
        return False

    def _pass_over(self, data: bytes) -> None:
        if self._has_content and not self._is_last:
            return
        if _CONTENT(data) is not None:
            self._has_content, self._is_last = True, False

    def _take(self, value: Mapping[str, Any]) -> bool:
        kind, response = value.get("type"), value.get("response")
        if value.get("error") or kind == "error":
            self._error = failure_in(value)
        if isinstance(response, dict) and isinstance(kind, str) and kind.startswith("response."):
            self._finished = self._finished or kind in _ENDS
            if response.get("error"):
                self._error = failure_in(response)
            self._has_content = self._has_content or bool(response.get("output"))
            self._take_head("response", response)
            return True
        choices = value.get("choices")
        if isinstance(choices, list) or is_chat(value.get("usage")):
            self._take_choices(choices if isinstance(choices, list) else ())
            self._take_head("chat.completion", value)
            return True
        return self._error is not None

    def _take_head(self, form: str, value: Mapping[str, Any]) -> None:
        model, usage = value.get("model"), value.get("usage")
        self._form = form
        if isinstance(model, str) and model:
            self._model = model[:LONGEST_MODEL]
        if isinstance(usage, dict) and usage:
            self._usage, self._is_last = grown(self._usage, usage), True

    def _take_choices(self, choices: Sequence[object]) -> None:
        for choice in choices:
            if not isinstance(choice, dict):
                continue
            if has_content(choice):
                self._has_content, self._is_last = True, False
            if choice.get("finish_reason"):
                self._finished, self._is_last = True, False
            if "refusal" in (choice.get("finish_reason"), choice.get("native_finish_reason")):
                self._refused = True
            if choice.get("finish_reason") == "error":
                self._error = self._error or failure_in(choice)


def _tells(data: bytes) -> bool:
    """Must these events be decoded? Nearly all are told by looking for a few words, which takes a fifth of the time."""
    if b"usage" in data or b"error" in data or b"DONE" in data or b"response." in data:
        return _TELLING(data) is not None
    return data.count(b'_reason"') != data.count(b'_reason":null') and _TELLING(data) is not None
