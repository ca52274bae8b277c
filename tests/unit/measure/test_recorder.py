"""The sink behind the hooks: what touches a file does so away from event loops, and what need not does not."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

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
