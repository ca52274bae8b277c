"""`watch`: what a suite that runs in another shell has spent so far."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_claude_budget.cli.common import Commands, add_budget, add_command, put_out

if TYPE_CHECKING:
    from decimal import Decimal

    from pytest_claude_budget.calls.call import Call
    from pytest_claude_budget.judge.so_far import SoFar
    from pytest_claude_budget.pricing.rates import RateTable

_ERASED = "\r\x1b[K"
"""The line that the cursor is in, made empty."""


def add_watch(commands: Commands) -> None:
    """Add `watch`."""
    help_ = "follow a suite that runs in another shell: what it has spent so far, and which tests are the dearest"
    parser = add_command(commands, "watch", help_, "claude-budget watch")
    parser.add_argument(
        "ledger", nargs="?", metavar="LEDGER", help="the run's .sqlite3 file [the newest that goes on in .pytest_cache]"
    )
    parser.add_argument("--once", action="store_true", help="say it once, rather than until the run ends")
    parser.add_argument(
        "--every", type=_seconds, default=1.0, metavar="SECONDS", help="look as often as this, from 0.1 to 3600 [1]"
    )
    add_budget(parser)
    parser.set_defaults(command=_watch)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0.1 <= seconds <= 3_600:
        raise argparse.ArgumentTypeError(f"expected seconds from 0.1 to 3600, got {text[:40]!r}")
    return seconds


def _watch(options: argparse.Namespace) -> int:
    import gc
    import sys

    from pytest_claude_budget.files.load import load_terms

    gc.enable()  # this command does not end by itself
    terms = load_terms(options.budget)
    try:
        ledger = _ledger(options)
        cap = _allowed(ledger)
        if cap is None and terms.budget is not None:
            cap = terms.budget.hard_cap
        watched = _Watched(ledger, terms.rates, cap, in_place=sys.stdout.isatty() and not options.once)
        if options.once:
            watched.look()
        else:
            watched.until_it_ends(options.every)
    except KeyboardInterrupt:
        print()  # behind the ^C: the run goes on
    return 0


def _ledger(options: argparse.Namespace) -> Path:
    """The ledger that is named, or that of a run that goes on, once there is one. Raises InputError."""
    import sys
    import time

    from pytest_claude_budget.cli.report_from_ledger import find_ledger, running_ledger

    if options.ledger is not None:
        path, shown = find_ledger(options.ledger, Path.cwd())
        return _there(path, shown)
    waits = False
    while (found := running_ledger(Path.cwd())) is None:
        if options.once:
            raise _nothing_runs()
        if not waits:
            put_out("waiting for a run that calls Claude; Ctrl-C ends this", sys.stderr, flush=True)
            waits = True
        time.sleep(options.every)
    return found


def _allowed(ledger: Path) -> "Decimal | None":
    """The cap of a run that goes on, by its own word: an option goes before the budget file. None where there is no such word."""
    from decimal import Decimal, InvalidOperation

    from pytest_claude_budget.ledger.paths import ALLOWED

    try:
        return Decimal(ledger.with_name(f"{ledger.name}{ALLOWED}").read_text("utf-8"))
    except (OSError, ValueError, InvalidOperation):
        return None


def _there(path: Path, shown: str) -> Path:
    from pytest_claude_budget.ledger.paths import journals_of

    if path.exists() or journals_of(path):
        return path
    from pytest_claude_budget.base.errors import InputError, Problem

    what = "expected the ledger of a run, and there is no such file"
    hint = "leave it out: the newest run that goes on in .pytest_cache is followed then"
    raise InputError(Problem(slug="no-ledger", where=shown, what=what, hint=hint))


def _nothing_runs() -> Exception:
    from pytest_claude_budget.base.errors import InputError, Problem

    what = "expected a run that goes on and has called Claude, and there is none in .pytest_cache, here or in a folder above"
    hint = "leave --once out to wait for one; claude-budget report tells of one that is over"
    return InputError(Problem(slug="nothing-runs", where=str(Path.cwd()), what=what, hint=hint))


class _Watched:
    """One run, from here on."""

    def __init__(self, ledger: Path, rates: "RateTable", cap: "Decimal | None", *, in_place: bool) -> None:
        from pytest_claude_budget.ledger.follow import Follower

        self._ledger, self._rates, self._cap, self._in_place = ledger, rates, cap, in_place
        self._follower = Follower(ledger)
        self._calls: dict[int, Call] = {}
        self._said = ""

    def until_it_ends(self, every: float) -> None:
        """Say what is new as often as this, in seconds, and what it came to in the end."""
        import time

        from pytest_claude_budget.ledger.copies import has_report
        from pytest_claude_budget.plugin.earlier_runs import is_running

        while is_running(self._ledger) and not has_report(self._ledger):
            self.look()
            time.sleep(every)
        self._finish()

    def look(self) -> None:
        """Say what there is by now, where that is new."""
        from pytest_claude_budget.judge.so_far import so_far

        found = {call.id: call for call in self._follower.newer()}
        if found or not self._said:
            self._calls |= found
            self._say(so_far(self._calls.values(), self._rates, damaged=self._follower.damaged))

    def _finish(self) -> None:
        """Its journals are in the ledger by now: read it all."""
        from pytest_claude_budget.judge.so_far import so_far
        from pytest_claude_budget.ledger.copies import copied

        copy = copied(self._ledger)
        try:
            now = so_far(copy.calls(), self._rates, damaged=self._follower.damaged)
        finally:
            copy.close()
        self._say(now)
        put_out(f"{chr(10) if self._in_place else ''}the run has ended", flush=True)

    def _say(self, now: "SoFar") -> None:
        import shutil

        from pytest_claude_budget.render.so_far import watched_line

        if (text := watched_line(now, self._cap)) == self._said:
            return
        self._said = text
        if self._in_place:
            width = shutil.get_terminal_size().columns - 1
            print(end=f"{_ERASED}{text[:width]}", flush=True)
        else:
            put_out(text, flush=True)
