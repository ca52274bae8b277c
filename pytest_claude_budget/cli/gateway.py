"""`gateway`: measures programs that no hook can see, such as Claude Code."""

import argparse
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_claude_budget.base.errors import InputError, Problem
from pytest_claude_budget.cli.common import (
    Commands,
    add_budget,
    add_command,
    budget_here,
    put_out,
    refuse_without_extra,
)
from pytest_claude_budget.cli.gateway_cap import guard_text, held_words, holding

if TYPE_CHECKING:
    import socket

    from pytest_claude_budget.budget.limits import Budget
    from pytest_claude_budget.calls.host_rules import Origins
    from pytest_claude_budget.gateway.books import Books

LARGEST_PORT = 65_535


def add_gateway(commands: Commands) -> None:
    """Add `gateway`."""
    help_ = "pass requests of other programs on to Claude, and measure them: Claude Code, node, curl"
    example = "claude-budget gateway --port 4141\n  ANTHROPIC_BASE_URL=http://127.0.0.1:4141 claude -p hello"
    parser = add_command(commands, "gateway", help_, example)
    upstream = "pass them on to this base URL [$ANTHROPIC_BASE_URL, else https://api.anthropic.com]"
    parser.add_argument("--upstream", metavar="URL", help=upstream)
    parser.add_argument(
        "--port", type=_port, default=0, metavar="N", help="listen on this port of 127.0.0.1 [any free]"
    )
    add_budget(parser)
    parser.set_defaults(command=_gateway)


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 <= int(text[:6]) <= LARGEST_PORT:
        raise argparse.ArgumentTypeError(f"expected a port from 0 to {LARGEST_PORT}, got {text[:40]!r}")
    return int(text)


def _gateway(options: argparse.Namespace) -> int:
    import gc
    import os

    refuse_without_extra("gateway", "gateway", "aiohttp")
    from pytest_claude_budget.gateway.upstreams import ANTHROPIC, VARIABLE, checked
    from pytest_claude_budget.measure import child

    said, where = options.upstream, "--upstream"
    if said is None:
        said, where = os.environ.get(VARIABLE) or ANTHROPIC, VARIABLE
    upstream, path = checked(said, where), options.budget or budget_here()
    budget = None if path is None else _budget(path)
    gc.enable()  # this command does not end by itself
    child.stop()  # what it passes on is counted once
    ledger = os.environ.get("CLAUDE_BUDGET_LEDGER")
    books = _books_of_run(ledger, budget) if ledger else _own_books(budget, path)
    with _listening(options.port) as waiting, nullcontext() if ledger else holding(books):
        port = waiting.getsockname()[1]
        told = [] if ledger else held_words(budget)
        put_out("\n".join([f"http://127.0.0.1:{port} passes on to {upstream}; Ctrl-C ends it", *told]), flush=True)
        _serve(waiting, upstream, books)
        refused = 0 if books.own.guard is None or ledger else len(books.own.guard.refusals)
    put_out(_ended(books, refused))
    return 0


def _budget(path: str) -> "Budget":
    from pytest_claude_budget.files.budget_file import load_budget

    return load_budget(Path(path), path)[0]


def _listening(port: int) -> "socket.socket":
    from pytest_claude_budget.gateway.listening import listening

    try:
        return listening(port)
    except OSError as error:
        what = f"expected a port that is free, got {port}: {error.strerror or error}"
        hint = "name another one, or leave --port out: any free one is taken then"
        raise InputError(Problem(slug="port-taken", where="--port", what=what, hint=hint)) from None


def _books_of_run(ledger: str, budget: "Budget | None") -> "Books":
    """Those of the run that this process is a part of: it holds what the run holds."""
    import os

    from pytest_claude_budget.calls.owner_in_path import Payer
    from pytest_claude_budget.gateway.books import Books
    from pytest_claude_budget.measure.environment import runs_told

    told = runs_told(os.environ)[-1]
    books = Books(Path(told.ledger or ledger), _origins(budget), is_child=True, guard=told.guard)
    books.default = Payer(told.owner, told.worker)
    return books


def _own_books(budget: "Budget | None", path: str | None) -> "Books":
    """Books of its own, where `report` finds them, held to what the budget file says."""
    from pytest_claude_budget.gateway.books import Books
    from pytest_claude_budget.measure.run import new_ledger_path

    ledger = new_ledger_path(Path.cwd() / ".pytest_cache" / "d" / "claude-budget")
    guard = guard_text(budget, None if path is None else Path(path))
    return Books(ledger, _origins(budget), is_child=False, guard=guard)


def _origins(budget: "Budget | None") -> "Origins":
    from pytest_claude_budget.calls.host_rules import Origins

    return Origins() if budget is None else budget.origins


def _serve(waiting: "socket.socket", upstream: str, books: "Books") -> None:
    import asyncio
    import signal

    from pytest_claude_budget.gateway.serving import serve

    async def until_told() -> None:
        loop, end = asyncio.get_running_loop(), asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            with suppress(NotImplementedError):  # Windows: Ctrl-C comes as an exception
                loop.add_signal_handler(number, end.set)
        await end.wait()

    with suppress(KeyboardInterrupt):
        asyncio.run(serve(waiting, upstream, books, until_told))


def _ended(books: "Books", refused: int) -> str:
    """What it came to; nothing where another run tells."""
    from pytest_claude_budget.files.rates_file import packaged_rates
    from pytest_claude_budget.plugin.late_calls import amount_of, cost_of, count_of

    run = books.own
    held = f", {refused:,} refused" if refused else ""
    if run.is_child or not run.has_calls:
        books.close()
        return "" if run.is_child else f"no calls{held}"
    run.recorder.conclude()
    ledger = run.recorder.ledger
    told = amount_of(ledger.calls(), packaged_rates())
    ledger.has_ended("passed")
    books.close()
    return f"{count_of(told)}, {cost_of(told)}{held}; see: claude-budget report {run.path.relative_to(Path.cwd()).as_posix()}"
