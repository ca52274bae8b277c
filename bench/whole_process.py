"""A run as it is installed, from the start of its process to its end, with and without byte code being written.

Pytest rewrites asserts of installed plugins, and where it may write no byte code (`PYTHONDONTWRITEBYTECODE`, as in most
containers) it does so at every start: what that costs is seen here alone.
"""

import sys
import tempfile
from importlib.metadata import entry_points
from pathlib import Path

from bench.children import environment, peak_of, timed
from bench.figures import Compared, Figure, Line, compared, held

NAME = "claude_budget"
PAIRS, PAIRS_OF_MANY, TRIES = 5, 3, 2
"""Each side of a pair is the faster of so many runs: what slows one down is the machine."""
MANY, MANY_EMPTY = 2_000, 3_000
EMPTY = "def test_empty{number}():\n    pass\n"
CALLING = "def test_call{number}():\n    ask({number})\n"
CLIENT = """\
import httpx2
from bench.claude_double import REQUEST, answer, client

body = answer()
sdk = client(lambda request: httpx2.Response(200, headers={"content-type": "application/json"}, content=body))

def ask(number):
    sdk.messages.create(**{**REQUEST, "messages": [{"role": "user", "content": f"Ticket {number}"}]})

"""
AS_USUAL, NO_BYTE_CODE = {"PYTHONDONTWRITEBYTECODE": ""}, {"PYTHONDONTWRITEBYTECODE": "1"}


BUDGET = "version: 1\nlimits:\n  - scope: run\n    max_cost: 2.00\n"
MOST_BYTES = 6 * 2**20


def figure() -> Figure:
    """Measure."""
    how = f"pytest with our plugin beside pytest without it, no others; median of {PAIRS} pairs ({PAIRS_OF_MANY} of many tests), each side the fastest of {TRIES}"
    others = [each.name for each in entry_points(group="pytest11") if each.name != NAME]
    if not any(each.name == NAME for each in entry_points(group="pytest11")):
        return Figure(title="A whole run", how=f"{how}; not measured: the plugin is not installed", lines=[])
    blocked = [f"-pno:{name}" for name in others]
    lines: list[Line] = []
    for changes, way in ((AS_USUAL, ""), (NO_BYTE_CODE, ", no byte code written")):
        found = _Runs(blocked, changes, PAIRS).pairs
        lines += [
            held(f"one empty test{way}, CPU time", found(EMPTY, 1), ratio=0.01, seconds=0.003, either=True),
            held(f"the same with a budget file{way}, CPU time", found(EMPTY, 1, BUDGET), seconds=0.010),
            held(f"one test with a call{way}, CPU time", found(CLIENT + CALLING, 1), seconds=0.060),
        ]
    many = _Runs(blocked, AS_USUAL, PAIRS_OF_MANY)
    lines += [
        held(f"{MANY_EMPTY:,} empty tests, CPU time", many.pairs(EMPTY, MANY_EMPTY), ratio=0.015),
        held(f"{MANY:,} tests with a call each, CPU time", many.pairs(CLIENT + CALLING, MANY), ratio=0.05),
        many.memory(f"{MANY:,} tests with a call each, peak of memory", CLIENT + CALLING, MANY),
    ]
    return Figure(title="A whole run", how=how, lines=lines)


class _Runs:
    """Runs without us and with us, of a suite that is made up."""

    def __init__(self, blocked: list[str], changes: dict[str, str], count: int) -> None:
        plain = [sys.executable, "-m", "pytest", "-q", *blocked]
        self._commands = [[*plain, f"-pno:{NAME}"], plain]
        self._env = environment(**changes)
        self._count = count

    def pairs(self, text: str, tests: int, budget: str = "") -> Compared:
        """CPU time; each pair the other way round than the one before."""
        with tempfile.TemporaryDirectory() as made:
            self._fill(Path(made), text, tests, budget)
            pairs = []
            for at in range(self._count):
                taken: list[list[float]] = [[], []]
                for side in ((0, 1) if at % 2 == 0 else (1, 0)) * TRIES:
                    taken[side].append(timed(self._commands[side], Path(made), self._env)[1])
                pairs.append((min(taken[0]), min(taken[1])))
        return compared(pairs)

    def memory(self, what: str, text: str, tests: int) -> Line:
        """The most that each side holds."""
        with tempfile.TemporaryDirectory() as made:
            self._fill(Path(made), text, tests)
            without, with_us = (peak_of(command, Path(made), self._env) for command in self._commands)
        added = with_us - without
        return Line(
            what=what,
            measured=f"{without / 2**20:.1f} MiB without us, {added / 2**20:+.1f} MiB with us",
            limit=f"{MOST_BYTES / 2**20:.0f} MiB",
            met=added <= MOST_BYTES,
            numbers={"without_bytes": without, "added_bytes": added},
        )

    def _fill(self, folder: Path, text: str, tests: int, budget: str = "") -> None:
        """Write the suite, and run it once each way: that compiles, and fills the caches."""
        head, _, test = text.rpartition("def ")
        (folder / "pytest.ini").write_text("[pytest]\n")
        if budget:
            (folder / "claude-budget.yml").write_text(budget)
        module = head + "".join(f"def {test}\n".replace("{number}", str(number)) for number in range(tests))
        (folder / "test_run.py").write_text(module)
        for command in self._commands:
            timed(command, folder, environment())
