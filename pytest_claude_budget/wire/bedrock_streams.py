"""The usage of Amazon Bedrock's streams, read as their binary frames pass and kept nowhere.

`invoke-with-response-stream` carries Anthropic's own events, packed in base64, and they are read as such. `converse-stream`
has events of its own, of which the last, `metadata`, states the usage.
"""

import json
import re
from binascii import Error as NotBase64
from binascii import a2b_base64
from collections.abc import Mapping, Sequence
from dataclasses import replace

from pytest_claude_budget.base.fast_json import loads
from pytest_claude_budget.calls.call import Answer, Status
from pytest_claude_budget.calls.failure import Failure
from pytest_claude_budget.calls.token_estimates import tokens_of_text
from pytest_claude_budget.wire.bedrock_counts import METRICS, usage_of_metrics
from pytest_claude_budget.wire.event_stream import PRELUDE, Frames, headers_of, is_intact, payload_of
from pytest_claude_budget.wire.failures import failure_in
from pytest_claude_budget.wire.messages import Exchange, answer_of_converse, failed, unmeasured
from pytest_claude_budget.wire.sse import StreamReader

_BROKEN = (b"exception", b"error")
"""What `:message-type` says of a frame that ends a stream before its time."""
_ERROR = b'event: error\ndata: {"type":"error","error":{"type":"%b"}}\n\n'
# Patterns are compiled by the first stream of Bedrock's: few suites have one.
_PACKED = rb'"bytes"\s*:\s*"([A-Za-z0-9+/=]*)"'
_NAME = rb'\s*\{\s*"type"\s*:\s*"([a-z_]{1,40})"'
_PIECE = (
    rb'\{"type":"content_block_delta","index":\d+,"delta":\{"type":"(?:text|thinking|input_json)_delta",'
    rb'"(?:text|thinking|partial_json)":"'
)
_PIECE_END = b'"}}'
_LINE_ENDS = bytes.maketrans(b"\r\n", b"  ")
_TEXTS = rb'"(?:text|input)"\s*:\s*"([^"\\]*(?:\\.[^"\\]*)*)"'
_TEXT_BEGINS = rb'\{"contentBlockIndex":\d+,"delta":\{(?:"toolUse":\{"input"|"text"):"'
_NONE_YET = b"none yet"


def _error_in(headers: Mapping[bytes, bytes]) -> str:
    """The name of the error that a frame tells of, such as `throttlingException`."""
    named = headers.get(b":exception-type") or headers.get(b":error-code") or b""
    return re.sub(r"[^A-Za-z]", "", named.decode("latin-1"))


class InvokeReader:
    """Reads the frames of `invoke-with-response-stream`."""

    def __init__(self, exchange: Exchange) -> None:
        self._frames = Frames()
        self._events = StreamReader(exchange)
        self._delta = _NONE_YET
        """How the last frame with a piece of text began behind its prelude: nearly every one to come begins like it."""
        self._around = 0
        """Bytes of such an event that are not its text."""
        self._packed_from = 0
        """Where in such a frame the base64 begins."""

    @property
    def stopped(self) -> bool:
        """The message is said to be over."""
        return self._events.stopped

    def passes(self, data: bytes) -> bool:
        """Take a whole frame without usage, as nearly every chunk of a stream is; False where it must be fed."""
        try:
            if not data.startswith(self._delta, PRELUDE) or not self._frames.at_start or not is_intact(data):
                return False
            start = self._packed_from
            end = data.find(b'"', start)
            last = a2b_base64(data[end - 8 : end])
            if (end - start) % 4 or not last.endswith(_PIECE_END):
                return False
            return self._events.pass_text((end - start) // 4 * 3 - 6 + len(last) - self._around)
        except Exception:
            return False  # feeding it says what is wrong

    def feed(self, data: bytes) -> bool:
        """Take the next bytes; True when what is known has changed."""
        if self.passes(data):
            return False
        changed, sound = False, self._frames.fault is None
        for frame in self._frames.take(data):
            changed = self._take(frame) or changed
        if sound and self._frames.fault is not None:
            self._events.damage(self._frames.fault)
            return True
        return changed

    def answer(self, *, ended: bool) -> Answer | None:
        """As of a StreamReader."""
        return self._events.answer(ended=ended)

    def take_closed(self) -> Sequence[Answer]:
        """As of a StreamReader."""
        return self._events.take_closed()

    def close(self) -> bool:
        """The last byte has come; True where that tells more."""
        return self._events.close()

    def _take(self, frame: bytes) -> bool:
        headers = headers_of(frame)
        if headers.get(b":message-type") in _BROKEN:
            return self._events.feed(_ERROR % _error_in(headers).encode())
        payload = payload_of(frame)
        packed = re.search(_PACKED, payload)
        try:
            event = a2b_base64(packed[1]) if packed is not None else payload
        except NotBase64:
            self._events.damage("a frame of the stream holds bytes that are not base64")
            return True
        if packed is not None and (begun := re.match(_PIECE, event)) is not None and event.endswith(_PIECE_END):
            self._packed_from = len(frame) - 4 - len(payload) + packed.start(1)
            shown = self._packed_from + begun.end() // 3 * 4  # so many bytes of it are the same in base64
            self._delta, self._around = frame[PRELUDE:shown], begun.end() + len(_PIECE_END)
        told = METRICS in event and self._take_metrics(event)
        name = re.match(_NAME, event)
        named = b"event: %b\n" % name[1] if name is not None else b""
        return self._events.feed(b"%bdata: %b\n\n" % (named, event.translate(_LINE_ENDS))) or told

    def _take_metrics(self, event: bytes) -> bool:
        try:
            value = json.loads(event)
        except (ValueError, RecursionError):
            return False
        usage = usage_of_metrics(value) if isinstance(value, dict) else None
        if usage is not None:
            self._events.take_metrics(usage)
        return usage is not None


class ConverseReader:
    """Reads the frames of `converse-stream`."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._frames = Frames()
        self._said: dict[str, object] = {}
        """Fields of an answer of Converse, as far as they have come."""
        self._text_bytes = 0
        self._has_output = False
        self._broke_off: Failure | None = None
        """What an error in the stream said."""
        self._fault: str | None = None
        """Why an event could not be read."""
        self._delta = _NONE_YET
        """How the last frame with a piece of text began behind its prelude: nearly every one to come begins like it."""
        self.stopped = False
        """The usage has come, which is last."""

    def passes(self, data: bytes) -> bool:
        """Take a whole frame without usage, as nearly every chunk of a stream is; False where it must be fed."""
        try:
            if not data.startswith(self._delta, PRELUDE) or not self._frames.at_start or not is_intact(data):
                return False
            start = PRELUDE + len(self._delta)
            end = data.find(b'"', start)
            if data.find(b"\\", start, end) >= 0:
                return False
            self._text_bytes += end - start
            return True
        except Exception:
            return False  # feeding it says what is wrong

    def feed(self, data: bytes) -> bool:
        """Take the next bytes; True when what is known has changed."""
        if self.passes(data):
            return False
        changed, sound = False, self._frames.fault is None
        for frame in self._frames.take(data):
            changed = self._take(frame) or changed
        return changed or (sound and self._frames.fault is not None)

    def answer(self, *, ended: bool) -> Answer | None:
        """Tell what the stream has said so far; `ended` means that its last byte has come."""
        if "usage" in self._said:
            shown: object = {"message": {"content": [{"toolUse": {}}] if self._has_output or self._text_bytes else []}}
            return answer_of_converse({**self._said, "output": shown}, self._exchange)
        if self._broke_off is not None and not self._has_output and not self._text_bytes:
            return failed(self._exchange, "an error event before the message began", self._broke_off)
        answer = unmeasured(self._exchange, self._reason(ended=ended))
        tokens = tokens_of_text(self._text_bytes, answer.model)
        if not tokens:
            return answer
        seen = f"output estimated from {self._text_bytes:,} characters seen"
        usage = replace(answer.usage, output_tokens=tokens)
        return replace(answer, status=Status.AT_LEAST, usage=usage, notes=(*answer.notes, seen))

    def take_closed(self) -> Sequence[Answer]:
        """As of a StreamReader: there is one message only."""
        return ()

    def close(self) -> bool:
        """The last byte has come; it tells nothing more."""
        return False

    def _reason(self, *, ended: bool) -> str:
        fault = self._frames.fault or self._fault
        if fault is not None:
            return fault
        if self._broke_off is not None:
            return "the stream broke off with an error event"
        return "the stream broke off before its usage" if ended else "the stream was not read to its end"

    def _take(self, frame: bytes) -> bool:
        headers, payload = headers_of(frame), payload_of(frame)
        kind = headers.get(b":event-type", b"")
        if headers.get(b":message-type") in _BROKEN:
            self._broke_off = failure_in({}, named=_error_in(headers))
            return True
        if kind == b"contentBlockDelta":
            if (begun := re.match(_TEXT_BEGINS, payload)) is not None:
                self._delta = frame[PRELUDE : len(frame) - 4 - len(payload) + begun.end()]
            self._has_output = self._has_output or b'"text"' not in payload
            self._text_bytes += sum(map(len, re.findall(_TEXTS, payload)))
        elif kind == b"contentBlockStart":
            self._has_output = True
        elif kind in (b"messageStop", b"metadata"):
            return self._take_fields(payload, kind.decode())
        return False

    def _take_fields(self, payload: bytes, kind: str) -> bool:
        try:
            value: Mapping[str, object] = loads(payload)
            self._said |= {name: field for name, field in value.items() if name != "output"}
        except (ValueError, RecursionError, TypeError, AttributeError):
            self._fault = f"the stream's {kind} event is not a JSON object"
            return True
        self.stopped = self.stopped or "usage" in self._said
        return kind == "metadata"
