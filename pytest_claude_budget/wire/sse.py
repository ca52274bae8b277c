"""The usage of streamed messages, read as the bytes pass and kept nowhere.

Only `message_start` and `message_delta` carry usage; its values are cumulative, so the greatest one said holds. A
`fallback` block names the model that answers from there on. Everything else is passed over by the name of its
event, without decoding it.
"""

import json
import re
from collections.abc import Mapping, Sequence

from pytest_claude_budget.calls.call import Answer
from pytest_claude_budget.wire.failures import failure_in
from pytest_claude_budget.wire.messages import Exchange
from pytest_claude_budget.wire.streamed_message import StreamedMessage

LONGEST_EVENT = 4_000_000
"""Bytes of one event that are held back for decoding; a longer one is no event with usage."""

_DECODED = frozenset((b"message_start", b"message_delta", b"message_stop", b"error"))
_MAYBE_DECODED = frozenset((b"", b"content_block_start"))
"""Events without a name, and those that may name another model."""
_TEXTS = re.compile(
    rb'_delta", ?"(?:text|thinking|partial_json)": ?"([^"\\\n]*(?:\\.[^"\\\n]*)*)"'  # a plain start is found fast
).findall
_FALLBACK = b'"fallback"'
_DELTA = re.compile(
    rb'event: content_block_delta\ndata: \{"type": ?"content_block_delta", ?"index": ?\d+, ?"delta": ?\{'
    rb'"type": ?"(?:text|thinking|input_json)_delta", ?"(?:text|thinking|partial_json)": ?"'
).match
_DELTA_END = b'"}}\n\n'
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class StreamReader:
    """Reads server-sent events of a message, or of several one after the other, in chunks cut anywhere."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._held = bytearray()
        """A line whose end has not come yet."""
        self._event = b""
        self._data: list[bytes] = []
        self._data_size = 0
        self._message = StreamedMessage(exchange)
        """The newest: a gateway that loses one may begin another in the same stream."""
        self._closed: list[Answer] = []
        """The ones before, until they are taken."""
        self._text_bytes = 0
        self._delta = b"none yet"
        """How the last delta began, up to its text: nearly every one to come begins like it."""
        self._around = len(self._delta) + len(_DELTA_END)
        """Bytes of a delta that are not its text."""

    def feed(self, data: bytes) -> bool:
        """Take the next bytes; True when what is known has changed."""
        if self.passes(data):
            return False
        if self._passes_in_part(data):
            return False
        if b"\r" in data or self._held.endswith(b"\r"):
            data = self._plain_line_ends(data)
        if b"\n" not in data:
            self._hold(data)
            return False
        lines = (bytes(self._held) + data if self._held else data).split(b"\n")
        self._held.clear()
        self._hold(lines.pop())
        changed = False
        for line in lines:
            if line:
                self._line(line)
            elif self._data:
                changed = self._dispatch() or changed
            else:
                self._event = b""
        return changed

    def passes(self, data: bytes) -> bool:
        """Take whole events without usage, as nearly every chunk of a stream is; False where it must be fed."""
        try:
            if self._held or self._event or self._data:
                return False
            text = data.removeprefix(self._delta).removesuffix(_DELTA_END)
            if len(data) - len(text) == self._around and 34 not in text:
                self._text_bytes += len(text)  # as _are_deltas, for the one that a chunk mostly is
                return True
            return data.endswith(b"\n\n") and self._takes(data)
        except Exception:
            return False  # feeding it says what is wrong

    def _passes_in_part(self, data: bytes) -> bool:
        """Take whole events without usage, and hold the one that is cut."""
        if self._event or self._data or len(self._held) >= LONGEST_EVENT:
            return False
        if b"\n\n" not in data and not (self._held.endswith(b"\n") and data.startswith(b"\n")):
            return False
        here = bytes(self._held) + data
        end = here.rfind(b"\n\n") + 2
        rest = here[end:]
        if 13 in rest or not self._takes(here[:end]):
            return False
        self._held.clear()
        self._hold(rest)
        return True

    def _takes(self, events: bytes) -> bool:
        """Take whole events, unless they can tell of usage, of an error or of another model."""
        if self._are_deltas(events):
            return True
        if b"message_" in events or b"error" in events or 13 in events:
            return False
        if b"event:" not in events or _FALLBACK in events:
            return False
        self._pass_over(events)
        if not events.startswith(self._delta) and (begun := _DELTA(events)) is not None:
            self._delta = begun[0]
            self._around = len(self._delta) + len(_DELTA_END)
        return True

    def _are_deltas(self, events: bytes) -> bool:
        """Take events that are all like the last delta: where no quote is outside of those, nothing else is told."""
        count = events.count(self._delta)
        if not count or not events.startswith(self._delta) or not events.endswith(_DELTA_END):
            return False
        if events.count(_DELTA_END) != count or events.count(34) != count * (self._delta.count(34) + 1):
            return False
        self._text_bytes += len(events) - count * (len(self._delta) + len(_DELTA_END))
        return True

    def _pass_over(self, lines: bytes) -> None:
        """Take lines that carry no usage: what they show is that there is content, and how much."""
        self._message.look(lines)
        self._text_bytes += sum(map(len, _TEXTS(lines)))

    @property
    def stopped(self) -> bool:
        """The message is said to be over."""
        return self._message.stopped

    def answer(self, *, ended: bool) -> Answer | None:
        """Tell what the newest message has said so far; `ended` means that the stream's last byte has come.

        None when it shows that the exchange was not with Claude after all.
        """
        return self._message.answer(self._text_bytes, ended=ended)

    def take_closed(self) -> Sequence[Answer]:
        """Return the messages that another one has followed since this was called last."""
        if not self._closed:
            return ()
        closed, self._closed = self._closed, []
        return closed

    def close(self) -> bool:
        """Take what stands after the last line end, as a final event may lack its blank line; True where that tells more."""
        if self._held:
            for line in bytes(self._held).rstrip(b"\r").split(b"\n"):
                self._line(line)
            self._held.clear()
        return self._dispatch() if self._data else False

    def pass_text(self, size: int) -> bool:
        """Take so many bytes of text that came elsewhere than in lines; False where a line is still open."""
        if self._held or self._event or self._data:
            return False
        self._text_bytes += size
        return True

    def damage(self, reason: str) -> None:
        """Say why the events to come cannot be read; it matters where the message is not over."""
        if not self._message.stopped and self._message.fault is None:
            self._message.fault = reason

    def take_metrics(self, usage: Mapping[str, object]) -> None:
        """Take counts that were stated beside the events of the newest message."""
        self._message.metrics = usage

    def _plain_line_ends(self, data: bytes) -> bytes:
        if self._held.endswith(b"\r"):
            del self._held[-1]
            data = b"\r" + data
        tail = b""
        if data.endswith(b"\r"):
            data, tail = data[:-1], b"\r"
        return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n") + tail

    def _hold(self, data: bytes) -> None:
        """Hold the start of a line; of what is too long to hold, only whether it ends in half a line end."""
        room = max(0, LONGEST_EVENT - len(self._held))
        self._held += data[:room]
        if len(data) > room and data.endswith(b"\r"):
            self._held += b"\r"

    def _line(self, line: bytes) -> None:
        if line.startswith(b"event:"):
            name = line[6:].strip()
            self._event = b"" if name == b"message" else name  # the name that events without one have
        if not line.startswith(b"data:"):
            self._pass_over(line)
            if line.startswith(_BYTE_ORDER_MARK):
                self._line(line[3:])
        elif self._event in _DECODED or self._event in _MAYBE_DECODED:
            self._data_size += len(line) + 64  # what a line takes besides its bytes
            if not self._data or self._data_size <= LONGEST_EVENT:
                self._data.append(line[5:])
        else:
            self._pass_over(line)

    def _dispatch(self) -> bool:
        data, event = b"\n".join(self._data), self._event
        self._data.clear()
        self._data_size = 0
        self._event = b""
        named = event in _DECODED
        if not named and (event not in _MAYBE_DECODED or not _may_matter(data)):
            self._pass_over(data)
            return False
        try:
            value = json.loads(data)
        except (ValueError, RecursionError):
            if named and self._message.fault is None:
                self._message.fault = f"the stream's {event.decode('ascii')} event is not JSON"
            return named
        if isinstance(value, dict) and self._take(value, str(value.get("type") or event.decode("ascii", "replace"))):
            return True
        self._pass_over(data)
        return False

    def _take(self, value: Mapping[str, object], kind: str) -> bool:
        message = self._message
        if kind == "message_start":
            if message.is_another(value, self._text_bytes):
                message = self._next()
            message.start(value)
        elif kind == "message_delta":
            message.take_delta(value)
        elif kind == "message_stop":
            message.stop()
        elif kind == "error":
            message.fail(failure_in(value))
        elif kind == "content_block_start":
            return message.take_fallback(value)
        else:
            return False
        return True

    def _next(self) -> StreamedMessage:
        """Close the message so far: another one follows it."""
        answer = self._message.answer(self._text_bytes, ended=True, followed=True)
        if answer is not None:
            self._closed.append(answer)
        self._message, self._text_bytes = StreamedMessage(self._exchange), 0
        return self._message


def _may_matter(data: bytes) -> bool:
    """Can an event without a name carry usage? Text that says so is decoded too, and then found to be text."""
    return b"message_" in data or b'"error"' in data or _FALLBACK in data
