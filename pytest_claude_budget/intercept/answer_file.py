"""The file under an answer of `http.client`, with somebody who looks on.

Whatever reads such an answer (`read`, `readinto`, `read1`, lines, urllib3 with chunks of its own, requests, urllib.request) takes its
bytes from `HTTPResponse.fp`, as they came over the wire. So this one place sees each byte once, in the order in which it came, and
undoes the chunks of the transfer beside the reader.
"""

from typing import Any

from pytest_claude_budget.intercept.exchange import Watch
from pytest_claude_budget.intercept.plain_http import Got
from pytest_claude_budget.intercept.whole_json import Looks, looks_of

_LONGEST_LINE = 65_536
"""Bytes of a chunk's head; http.client takes no longer one."""


class AnswerFile:
    """Stands where the file stood: the same bytes, cut where the reader cuts them, nothing held."""

    def __init__(self, file: Any, seen: Looks, *, chunked: bool, length: int | None) -> None:
        self._file = file
        self._seen: Looks | None = seen
        """None once the body is over."""
        self._left = length
        """Bytes that are still to come of the body, of a chunk where it comes in chunks; None up to the end of the file."""
        self._chunked = chunked
        self._head = b""
        """What has come of a chunk's head."""
        if chunked:
            self._left = 0

    def read(self, size: int | None = -1) -> Any:
        """As of the file."""
        data = self._file.read(size)
        if (
            type(data) is bytes and data and len(data) == self._left and not self._chunked
        ):  # all of it, as nearly always
            seen, self._seen = self._seen, None
            if seen is not None:
                seen.last(data)
            return data
        return self._passed(data, at_end=size is None or size < 0 or (size > 0 and not data))

    def read1(self, size: int = -1) -> Any:
        """As of the file."""
        data = self._file.read1(size)
        return self._passed(data, at_end=size != 0 and not data)

    def readline(self, size: int | None = -1) -> Any:
        """As of the file."""
        data = self._file.readline(size)
        return self._passed(data, at_end=size != 0 and not data)

    def readinto(self, buffer: Any) -> Any:
        """As of the file."""
        return self._filled(buffer, self._file.readinto(buffer))

    def readinto1(self, buffer: Any) -> Any:
        """As of the file."""
        return self._filled(buffer, self._file.readinto1(buffer))

    def readlines(self, hint: int | None = -1) -> Any:
        """As of the file."""
        lines = self._file.readlines(hint)
        self._passed(b"".join(lines), at_end=not lines)
        return lines

    def __iter__(self) -> "AnswerFile":
        return self

    def __next__(self) -> Any:
        if not (line := self.readline()):
            raise StopIteration
        return line

    def close(self) -> Any:
        """As of the file: whoever reads no more drops the answer."""
        if self._seen is not None:
            self._dropped()
        return self._file.close()

    def __del__(self) -> None:
        try:
            seen = self._seen
        except AttributeError:  # it was not made whole
            return
        if seen is not None:
            self._dropped()

    def __enter__(self) -> "AnswerFile":
        self._file.__enter__()
        return self

    def __exit__(self, *error: object) -> Any:
        self._dropped()
        return self._file.__exit__(*error)

    def __getattr__(self, name: str) -> Any:
        if name == "_file":  # not made yet, or not whole
            raise AttributeError(name)
        return getattr(self._file, name)

    def _filled(self, buffer: Any, count: Any) -> Any:
        if self._seen is not None and count is not None:
            with memoryview(buffer) as view, view.cast("B") as octets:
                self._passed(bytes(octets[:count]), at_end=len(octets) > 0 and not count)
        return count

    def _passed(self, data: Any, *, at_end: bool) -> Any:
        """Look at what the reader gets; `at_end` where the file has no more."""
        seen = self._seen
        if seen is None or data is None:
            return data
        left = self._left
        if self._chunked:
            try:
                self._look_at_chunks(seen, data)
            except ValueError:  # no chunk begins so: the reader will say it
                self._over(complete=False)
        else:
            piece = data if left is None else data[:left]
            if piece and not seen.passes(piece):
                seen.fed(piece)
            if left is not None:
                self._left = left - len(piece)
                if left == len(piece):
                    self._over(complete=True)
        if at_end:
            self._over(complete=left is None)
        return data

    def _look_at_chunks(self, seen: Looks, data: bytes) -> None:
        at = 0
        while at < len(data):
            if self._left:
                piece = data[at : at + self._left]
                at += len(piece)
                self._left -= len(piece)
                if not seen.passes(piece):
                    seen.fed(piece)
                continue
            end = data.find(b"\n", at) + 1
            self._head += data[at : end or None]
            if not end:
                break
            at, head, self._head = end, self._head.strip(), b""
            if head:  # else it is what follows the chunk before
                self._left = int(head.partition(b";")[0], 16)
                if self._left <= 0:
                    self._over(complete=self._left == 0)
                    return
        if len(self._head) > _LONGEST_LINE:
            raise ValueError

    def _over(self, *, complete: bool) -> None:
        seen, self._seen = self._seen, None
        if seen is not None:
            seen.ended(complete=complete)

    def _dropped(self) -> None:
        """In the garbage collector too, perhaps in the middle of a write of this very thread."""
        seen, self._seen = self._seen, None
        if seen is not None:
            seen.dropped()


def take(answer: Any, seen: Watch, got: Got) -> None:
    """Take an answer of `http.client`, whose body is still to pass, and look on as it does."""
    file = answer.fp
    looks = looks_of(seen, got, has_body=file is not None)
    if looks is not None:
        answer.fp = AnswerFile(file, looks, chunked=bool(answer.chunked), length=answer.length)
