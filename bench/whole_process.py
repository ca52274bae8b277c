"""A run as it is installed, from the start of its process to its end, with and without byte code being written.

Pytest rewrites asserts of installed plugins, and where it may write no byte code (`PYTHONDONTWRITEBYTECODE`, as in most
containers) it does so at every start: what that costs is seen here alone.
"""

import sys
import tempfile
from importlib.metadata import entry_points
from pathlib import Path

from bench.children import environment, timed
from bench.figures import Compared, Figure, Line, compared, held

NAME = "claude_budget"
PAIRS, PAIRS_OF_MANY = 5, 2
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


def figure() -> Figure:
    """Measure."""
    how = f"pytest with our plugin beside pytest without it, no others; median of {PAIRS} pairs ({PAIRS_OF_MANY} of many tests)"
    others = [each.name for each in entry_points(group="pytest11") if each.name != NAME]
    if not any(each.name == NAME for each in entry_points(group="pytest11")):
        return Figure(title="A whole run", how=f"{how}; not measured: the plugin is not installed", lines=[])
    blocked = [f"-pno:{name}" for name in others]
    lines: list[Line] = []
    for changes, way in ((AS_USUAL, ""), (NO_BYTE_CODE, ", no byte code written")):
        lines += [
            _line(f"one empty test{way}", EMPTY, 1, (blocked, changes), seconds=0.003),
            _line(f"one test with a call{way}", CLIENT + CALLING, 1, (blocked, changes), seconds=0.060),
        ]
    lines += [
        _line(f"{MANY_EMPTY:,} empty tests", EMPTY, MANY_EMPTY, (blocked, AS_USUAL)),
        _line(f"{MANY:,} tests with a call each", CLIENT + CALLING, MANY, (blocked, AS_USUAL), ratio=0.05),
    ]
    return Figure(title="A whole run", how=how, lines=lines)


def _line(
    what: str,
    text: str,
    tests: int,
    run: tuple[list[str], dict[str, str]],
    *,
    ratio: float | None = None,
    seconds: float | None = None,
) -> Line:
    blocked, changes = run
    head, _, test = text.rpartition("def ")
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        (folder / "pytest.ini").write_text("[pytest]\n")
        module = head + "".join(f"def {test}\n".replace("{number}", str(number)) for number in range(tests))
        (folder / "test_run.py").write_text(module)
        pairs = _pairs(folder, blocked, changes, PAIRS if tests == 1 else PAIRS_OF_MANY)
    return held(f"{what}, CPU time", pairs, ratio=ratio, seconds=seconds)


def _pairs(folder: Path, blocked: list[str], changes: dict[str, str], count: int) -> Compared:
    """CPU time; each pair the other way round than the one before."""
    plain = [sys.executable, "-m", "pytest", "-q", *blocked]
    commands = [[*plain, f"-pno:{NAME}"], plain]
    for command in commands:
        timed(command, folder, environment())  # compiles, and fills the caches
    pairs = []
    for at in range(count):
        taken = [0.0, 0.0]
        for side in (0, 1) if at % 2 == 0 else (1, 0):
            taken[side] = timed(commands[side], folder, environment(**changes))[1]
        pairs.append((taken[0], taken[1]))
    return compared(pairs)
