"""The sink behind the hooks: what touches a file does so away from event loops, and what need not does not."""

import asyncio
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pytest_claude_budget.calls.alike import Alike
from pytest_claude_budget.calls.call import Answer, Origin, Status
from pytest_claude_budget.ledger import mapped_file as pieces
from pytest_claude_budget.ledger.journal import OwnerFacts
from pytest_claude_budget.measure.recorder import Clock, Recorder

ANSWER = Answer(status=Status.MEASURED, endpoint="messages", model="m", http_status=200)


class Watched(Recorder):
    """Notes how often work went to the writer's thread."""

    def __init__(self, path: Path) -> None:
        self.owner = "test_a.py::test_one"
        super().__init__(path, lambda: ((self.owner, "test", "call"), {}), Clock(5.0, 0.0, lambda: 0.0), "")
        self.handed_over = 0
        submit = self._writer.submit

        def counted(work: object) -> object:
            self.handed_over += 1
            return submit(work)  # type: ignore[arg-type]  # as it came

        self._writer.submit = counted  # type: ignore[method-assign,assignment]

    def ask(self) -> None:
        """A call of a synchronous client."""
        self.write(self.open(0), Origin.LIVE, ANSWER, ())

    async def ask_async(self) -> None:
        """A call of an asynchronous client."""
        if (rest := self.write_async(self.open(0), Origin.LIVE, ANSWER, ())) is not None:
            await rest

    def owners(self) -> list[str]:
        """Whose calls are stored, by a reader's view."""
        self.conclude()
        return [call.owner.id for call in self.ledger.calls()]


@pytest.fixture
def recorder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    monkeypatch.setattr(pieces, "_is_promising", lambda device: True)
    made = Watched(tmp_path / "run-1.sqlite3")
    yield made
    made.close()


def test_on_an_event_loop_only_the_first_call_needs_a_file(recorder: Watched) -> None:
    async def main() -> None:
        for _ in range(5):
            await recorder.ask_async()
            recorder.ask()  # a synchronous client on the loop's thread

    asyncio.run(main())
    assert recorder.handed_over == 1
    assert recorder.owners() == [recorder.owner] * 10
    assert recorder.all_faults() == []


def test_what_is_known_of_a_test_comes_with_its_first_call(recorder: Watched) -> None:
    recorder.facts_of = lambda owner: OwnerFacts(owner=owner, place="a.py:1", limits="")

    async def main() -> None:
        for recorder.owner in ("one", "two", "two"):
            await recorder.ask_async()

    asyncio.run(main())
    assert recorder.handed_over == 1
    assert recorder.owners() == ["one", "two", "two"]
    assert [facts.owner for facts in recorder.ledger.owners()] == ["one", "two"]


def test_where_a_file_system_promises_no_room_each_call_goes_to_the_writer(
    recorder: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pieces, "_is_promising", lambda device: False)

    async def main() -> None:
        for _ in range(3):
            await recorder.ask_async()

    asyncio.run(main())
    assert recorder.handed_over == 3
    assert recorder.owners() == [recorder.owner] * 3


def test_what_cannot_be_laid_out_at_once_is_a_fault_and_no_error(recorder: Watched) -> None:
    recorder.ask()
    recorder.write(recorder.open(0), Origin.LIVE, None, ())
    recorder.write(None, Origin.LIVE, ANSWER, ())
    assert recorder.owners() == [recorder.owner]
    assert [fault.partition(" (")[0] for fault in recorder.all_faults()] == ["a fault of pytest-claude-budget itself"]


ALIKE = Alike(answer=ANSWER, columns=("input_tokens",), rows=[f'["i{number}",{number}]' for number in range(50)])


def test_answers_that_are_alike_are_as_many_calls(recorder: Watched) -> None:
    """With ids of their own, though several threads store at once."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as pool:
            tickets = [recorder.open(0) for _ in range(200)]
            list(pool.map(lambda ticket: recorder.write(ticket, Origin.LIVE, ANSWER, (ALIKE, ANSWER)), tickets))
    finally:
        sys.setswitchinterval(interval)
    recorder.conclude()
    calls = list(recorder.ledger.calls())
    assert len(calls) == 200 * (1 + 50 + 1)
    assert sum(call.answer.usage.input_tokens for call in calls) == 200 * sum(range(50))


def test_several_ids_follow_one_another_whoever_comes_between(recorder: Watched) -> None:
    """Where another thread has taken one of them, others are taken."""
    ids = recorder._ids
    taken = [ids.next(), ids.several(1), ids.several(5), ids.next()]
    assert [each - taken[0] for each in taken] == [0, 1, 2, 7]
    begun = iter([100, 104])
    ids.next = lambda: next(begun)  # type: ignore[method-assign]  # another thread took 101
    ids._count = iter([102, 103, 105, 106])  # type: ignore[assignment]  # as above
    assert ids.several(3) == 104


def test_answers_that_are_alike_are_kept_where_no_file_can_be_written(recorder: Watched) -> None:
    recorder.broken = "the ledger cannot be written"
    recorder.write(recorder.open(0), Origin.LIVE, ANSWER, (ALIKE,))
    assert len(recorder.unstored) == 51
    assert sum(call.answer.usage.input_tokens for call in recorder.unstored.values()) == sum(range(50))
