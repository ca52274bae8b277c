"""A run's own gateway: a process that is begun with the run and ended with it. Imports nothing that serves."""

import json
import os
import select
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from pytest_claude_budget.gateway.listening import HOST, listening

ANSWER_SECONDS = 30.0
"""How long the end of a run waits for its gateway."""
_KEPT = frozenset(
    ("PYTHONPATH", "PYTHONHOME", "PYTHONNOUSERSITE", "PYTHONUSERBASE", "PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX")
)
"""What is set for Python and does not change what our own process does."""
_OF_THE_CAP = ("CLAUDE_BUDGET_CAP_URL", "CLAUDE_BUDGET_CAP_RUN")
"""Where the run's cap is held, if not in a file (`cap/open_cap.py`)."""
_LEFT_OUT = ("ANTHROPIC_", "CLAUDE_BUDGET_", "PYTEST_", "COV_CORE_", "COVERAGE_", "PYTHON")
_SETTLE, _SETTLED = b"settle\n", b"settled\n"


class Started:
    """The process. It listens from the first moment: who asks before it serves waits for it."""

    def __init__(self, ledger: Path, origins: str, upstream: str, known_as: str, guard: str = "") -> None:
        """May raise OSError.

        `known_as` is the server that answers in the end, by whose name live is told from simulated; `guard` says what may leave.
        """
        if os.name == "nt":
            raise OSError("Windows hands no socket on to another process")
        told = {"ledger": str(ledger), "origins": origins, "upstream": upstream, "known_as": known_as, "guard": guard}
        command = [sys.executable, "-P", "-m", "pytest_claude_budget.gateway.process"]
        with listening() as waiting:
            self.url = f"http://{HOST}:{waiting.getsockname()[1]}"
            self._process = subprocess.Popen(  # noqa: S603  # our own module, by arguments that no shell reads
                [*command, str(waiting.fileno())],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=_environment(os.environ),
                pass_fds=[waiting.fileno()],
                start_new_session=True,  # Ctrl-C is the run's, which ends this
            )
        self._pid = os.getpid()
        self._heard = b""
        self._say(json.dumps({**told, "parent": self._pid}).encode() + b"\n")

    @property
    def is_alive(self) -> bool:
        """Does it serve, as far as can be told without waiting?"""
        return os.getpid() != self._pid or self._process.poll() is None

    def settle(self) -> bool:
        """Have it tell what it knows of each exchange that goes on; False where it does not answer."""
        if os.getpid() != self._pid:
            return True
        self._heard = b""
        return self._say(_SETTLE) and self._hears(_SETTLED)

    def stop(self) -> None:
        """End it, and wait for that."""
        if os.getpid() != self._pid:
            return
        self._say(b"end\n")
        with suppress(OSError):
            self._process.stdin.close()  # type: ignore[union-attr]  # it is a pipe
        try:
            self._process.wait(ANSWER_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()  # type: ignore[union-attr]  # as above

    def _say(self, order: bytes) -> bool:
        try:
            os.write(self._process.stdin.fileno(), order)  # type: ignore[union-attr]  # as above
        except (OSError, ValueError):
            return False
        return True

    def _hears(self, word: bytes) -> bool:
        pipe = self._process.stdout.fileno()  # type: ignore[union-attr]  # as above
        while not self._heard.endswith(word):
            if not select.select([pipe], [], [], ANSWER_SECONDS)[0] or not (said := os.read(pipe, 4096)):
                return False
            self._heard += said
        return True


def _environment(environ: Mapping[str, str]) -> dict[str, str]:
    """What the process needs of this one's: no key, and nothing that measures it or is meant for tests."""
    return {
        name: value
        for name, value in environ.items()
        if name in _KEPT or name in _OF_THE_CAP or not name.startswith(_LEFT_OUT)
    }
