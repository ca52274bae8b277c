"""The usage of a batch's results, a line of JSON for each answer, read as the bytes pass.

Reading the results twice is one bill: what an answer is known by is its batch and its `custom_id`.
"""

from collections.abc import Mapping

from pytest_claude_budget.base.fast_json import loads
from pytest_claude_budget.calls.alike import Alike
from pytest_claude_budget.calls.call import Answer, Status
from pytest_claude_budget.wire.alike_lines import AlikeLines, item_hash
from pytest_claude_budget.wire.failures import failure_in
from pytest_claude_budget.wire.messages import Exchange, answer_of, failed, unmeasured

LONGEST_LINE = 32_000_000
"""Bytes of one line that are held for decoding."""


class BatchReader:
    """Reads the results of one batch, in chunks cut anywhere."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._alike = AlikeLines()
        self._held: list[bytes] = []
        self._held_size = 0
        self._long_line: bytes | None = None
        """The start of a line that is too long to hold."""

    def feed(self, data: bytes) -> list[Answer | Alike]:
        """Take the next bytes; returns the answers that they complete."""
        if b"\n" not in data:
            self._hold(data)
            return []
        if self._held:
            data = b"".join((*self._held, data))
            self._held.clear()
        self._held_size = 0
        end = data.rfind(b"\n") + 1
        answers = self._answers(memoryview(data)[:end])
        self._hold(data[end:])
        return answers

    def close(self) -> list[Answer | Alike]:
        """Take the last line, which may lack its line end, once the last byte has come."""
        last, self._held = b"".join(self._held), []
        return self._answers(last + b"\n")

    def end(self, *, complete: bool) -> Answer:
        """Say that the results were read to the end, or not: the rest of a batch is billed all the same."""
        return Answer(
            status=Status.FREE if complete else Status.UNMEASURED,
            endpoint="batch_read",
            batch=True,
            batch_id=self._exchange.route.batch_id,
            http_status=self._exchange.http_status,
            reason=None if complete else "the results of a batch were read in part",
        )

    def _hold(self, data: bytes) -> None:
        self._held_size += len(data)
        if self._held_size > LONGEST_LINE:
            if self._long_line is None:
                self._long_line = b"".join((*self._held, data))[:1000]
            self._held.clear()
        elif data:
            self._held.append(data)

    def _answers(self, data: bytes | memoryview) -> list[Answer | Alike]:
        """The answers of whole lines."""
        answers: list[Answer | Alike] = []
        text, errors = _decoded(data)
        at = 0
        while at < len(text):
            found = self._alike.take(text, at) if errors == "strict" and self._long_line is None else None
            if found is not None:
                alike, at = found
                answers.append(alike)
                continue
            end = text.index("\n", at)
            line, at = text[at:end].encode("utf-8", errors), end + 1
            if self._long_line is not None:
                answers.append(self._unreadable(self._long_line, "a line of the batch results is too long to read"))
                self._long_line = None
            elif line.strip():
                answers.append(self._answer(line))
        return answers

    def _answer(self, line: bytes) -> Answer:
        try:
            value = loads(line)
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            return self._unreadable(line, "a line of the batch results is not a JSON object")
        custom_id, result = value.get("custom_id"), value.get("result")
        if not isinstance(result, dict):
            return self._unreadable(line, "a line of the batch results holds no result")
        item = custom_id.encode("utf-8", "replace") if isinstance(custom_id, str) else line
        answer = self._of_result(result, item_hash(item))
        self._alike.learn(line, value, answer)
        return answer

    def _of_result(self, result: Mapping[str, object], item_id: str) -> Answer:
        kind, message = result.get("type"), result.get("message")
        if kind == "succeeded":
            if isinstance(message, dict):
                return answer_of(message, self._exchange, item_id)
            return unmeasured(self._exchange, "a succeeded batch item holds no message", item_id=item_id)
        if kind in ("errored", "canceled", "expired"):
            return failed(self._exchange, f"batch item {kind}", failure_in(result), item_id=item_id)
        return unmeasured(self._exchange, "a batch item ended in a way that is not known here", item_id=item_id)

    def _unreadable(self, line: bytes, reason: str) -> Answer:
        return unmeasured(self._exchange, reason, item_id=item_hash(line))


def _decoded(data: bytes | memoryview) -> tuple[str, str]:
    """As text, and how the same bytes are made of it."""
    try:
        return str(data, "utf-8"), "strict"
    except UnicodeDecodeError:
        return str(data, "utf-8", "surrogateescape"), "surrogateescape"
