"""The turns of one program that `claude_agent_sdk` has started: who asked, and what Claude Code says that each used."""

from collections.abc import Mapping, Sequence
from typing import Any

from pytest_claude_budget.calls.call import CLAUDE_CODE, Answer, Origin, Status
from pytest_claude_budget.calls.owner_in_path import START
from pytest_claude_budget.intercept.plain_http import url_of
from pytest_claude_budget.intercept.runs_that_watch import Watchers, of_this_thread
from pytest_claude_budget.intercept.sink import Held
from pytest_claude_budget.wire.claude_code import NOTHING_SAID, Sums, answers_of, sums_of

_MOST_CONVERSATIONS = 1_000

_KNOWN: dict[str, Sums] = {}
"""What each conversation had used when Claude Code said so last, by its id. Module state: a later program may go on with it."""


class Turns:
    """Tells of each turn to the runs that watch. No method raises an Exception."""

    def __init__(self, watchers: Watchers, base_url: str, options: Any) -> None:
        self._watchers = watchers
        self._url = url_of(base_url)
        self._asked: str | None = _text(getattr(options, "model", None))
        resumed = _text(getattr(options, "resume", None))
        goes_on = resumed is not None or bool(getattr(options, "continue_conversation", False))
        self._before: Sums | None = _KNOWN.get(resumed or "") if goes_on else {}
        """What had been used before; None where that is not known."""
        self._open: list[Held] = []

    async def ask(self) -> None:
        """The user says something: from here on, something may be billed."""
        try:
            if not self._open:
                self._open = self._begun()
                await self._write(
                    Answer(status=Status.UNMEASURED, endpoint=CLAUDE_CODE, model=self._asked, reason=NOTHING_SAID)
                )
        except Exception as error:
            self._watchers.fault("request", error)

    async def answer(self, result: Mapping[str, Any]) -> None:
        """Claude Code says what it has used."""
        try:
            conversation = str(result.get("session_id"))[:200]
            before = _KNOWN.get(conversation) if self._before is None else self._before
            own, *items = answers_of(result, before, self._asked)
            self._open = self._open or self._begun()  # a turn that Claude Code began by itself
            await self._write(own, items)
            self._open = []
            sums = sums_of(result)
            if sums is not None and own.status is not Status.UNMEASURED:
                self._before = sums
                _KNOWN.pop(conversation, None)
                _KNOWN[conversation] = sums
                if len(_KNOWN) > _MOST_CONVERSATIONS:
                    del _KNOWN[next(iter(_KNOWN))]
        except Exception as error:
            self._watchers.fault("answer", error)

    def _begun(self) -> list[Held]:
        """Tickets of the runs that count this: not where a gateway does."""
        sinks = self._watchers.sinks
        if len(sinks) > 1:
            sinks = of_this_thread(sinks)
        if self._url.path.startswith(START):
            return []
        return [(sink, sink.open(0), sink.hosts.of(self._url)[0] or Origin.LIVE) for sink in sinks]

    async def _write(self, own: Answer, items: Sequence[Answer] = ()) -> None:
        for sink, ticket, origin in self._open:
            if (rest := sink.write_async(ticket, origin, own, items)) is not None:
                await rest


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
