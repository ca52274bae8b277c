"""The times at which one fixture pays, also for the child processes that it starts."""

from pytest_claude_budget.measure.environment import OWNER_VARIABLE, TURN_VARIABLE
from pytest_claude_budget.measure.run import Run

_Told = tuple[str | None, str | None]


class FixturePhase:
    """One set-up of a fixture, with its tear-down."""

    def __init__(self, run: Run, fixture: str, place: str) -> None:
        self._run = run
        self._fixture = fixture
        self._phase = run.turns.begin_fixture(fixture, place)
        self._entries: list[tuple[tuple[str, str, str], _Told]] = []

    def begin(self) -> None:
        """From here on the fixture pays."""
        entry = self._run.owners.push(self._fixture, "fixture", self._phase)
        told = self._run.told
        self._entries.append((entry, (told.get(OWNER_VARIABLE), told.get(TURN_VARIABLE))))
        self._tell(self._fixture, self._phase.partition(" ")[2])

    def end(self) -> None:
        """It pays no more."""
        while self._entries:
            entry, earlier = self._entries.pop()
            self._run.owners.drop(entry)
            self._tell(*earlier)

    def _tell(self, fixture: str | None, turn: str | None) -> None:
        self._run.told.set(OWNER_VARIABLE, fixture)
        self._run.told.set(TURN_VARIABLE, turn)
