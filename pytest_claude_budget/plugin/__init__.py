"""pytest's side: options, hooks, marker, fixture and the end of a run. pytest's calls come in, a verdict and its words go out.

This module is the entry point, and wiring only. It imports pytest alone, since every pytest run on the machine loads it. What a
run needs of this package is imported by its hooks, once pytest loads the package as it is written.
"""

import atexit
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_claude_budget import load_as_written

if TYPE_CHECKING:
    from pytest_claude_budget.budget.limits import Budget
    from pytest_claude_budget.ledger.journal import OwnerFacts
    from pytest_claude_budget.measure.run import Run
    from pytest_claude_budget.plugin.fixture import Meter
    from pytest_claude_budget.plugin.hooks import RunPlugin
    from pytest_claude_budget.plugin.session_end import Judge
    from pytest_claude_budget.plugin.settings import Setup

RUN: "pytest.StashKey[Run]" = pytest.StashKey()
JUDGE: "pytest.StashKey[Judge]" = pytest.StashKey()
SETUP: "pytest.StashKey[Setup]" = pytest.StashKey()
INI_HELP = "budget file of pytest-claude-budget, relative to the rootdir (default: claude-budget.yml or .yaml there)"


def __dir__() -> list[str]:
    """What pytest is to see of this module. It and pluggy look at each name in several ways: at all of them, for a millisecond."""
    return [name for name in globals() if name.startswith("pytest_") or name == "claude_budget"]


@pytest.hookimpl
def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options, all of them named after the tool."""
    load_as_written()  # a child process has imported the package before this pytest was there
    group = parser.getgroup("claude-budget", "cost of Claude API calls")
    group.addoption(
        "--claude-budget", metavar="PATH", help="hold the run's Claude calls to this budget file [claude-budget.yml]"
    )
    group.addoption("--no-claude-budget", action="store_true", help="neither measure nor judge Claude calls")
    group.addoption(
        "--claude-budget-report",
        action="append",
        default=[],
        metavar="KIND:PATH",
        help="write the cost report to a file; KIND is json, markdown (a comment), summary (all rows), html (a page),"
        " speedscope or pprof (a profile of your lines of code), or otlp (for OpenTelemetry; PATH may be an http:// address);"
        " repeatable",
    )
    group.addoption(
        "--claude-budget-baseline",
        metavar="PATH|git:REF",
        help="compare with this lock file or report, or with the lock file at a commit; none compares with nothing"
        " [claude-budget.lock.json]",
    )
    group.addoption(
        "--claude-budget-update",
        action="store_true",
        help="accept what the run cost: write claude-budget.lock.json, if the run passed and its cost is"
        " known, or tolerated as unknown",
    )
    group.addoption(
        "--claude-budget-live",
        choices=("allow", "deny"),
        help="whether calls to Claude may leave this machine: deny refuses each before it does [live_calls of the budget"
        " file, else allow]",
    )
    group.addoption(
        "--claude-budget-every",
        metavar="TIME",
        help="say what the run has spent so far by a line as often as this, such as 30s or 5m; off for none [60s where"
        " the output is no terminal, which shows it in the line of progress]",
    )
    group.addoption(
        "--claude-budget-cap",
        metavar="DOLLARS",
        help="refuse each call that could make the run's live calls cost more than this [hard_cap of the budget file]",
    )
    parser.addini("claude_budget", help=INI_HELP)


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Measure from here on: conftest files may call Claude as they are imported."""
    if early_config.known_args_namespace.no_claude_budget:
        return
    from pytest_claude_budget.measure.environment import LEDGER_VARIABLE

    if LEDGER_VARIABLE in os.environ:
        from pytest_claude_budget.measure import child

        child.start(os.environ)
    else:
        with suppress(Exception):  # pytest_configure tries again
            _start(early_config, process="")
            _hold_early(early_config, early_config.stash[RUN])


@pytest.hookimpl
def pytest_configure(config: pytest.Config) -> None:
    """Read the budget, so that a bad one ends the run before it starts."""
    config.addinivalue_line(
        "markers",
        "claude_budget(feature=, tier=, case=, max_cost=, max_calls=, ...): limits of this test's Claude calls,"
        " and what the product calls them.",
    )
    if config.getoption("no_claude_budget"):
        _refuse_to_hold_nothing(config)
        return
    worker_input = getattr(config, "workerinput", None)
    if worker_input is not None:
        _join(config, worker_input)
    elif RUN not in config.stash:
        _start(config, process="")
    from pytest_claude_budget.plugin.hooks import RunPlugin
    from pytest_claude_budget.plugin.settings import read_setup

    try:
        config.stash[SETUP] = read_setup(config)
    except BaseException:
        config.stash[RUN].stop()
        raise
    run, budget = config.stash[RUN], config.stash[SETUP].budget
    _know_budget(run, budget)
    _hold_the_line(config, run)
    if budget is not None and budget.gateway and not config.getoption("collectonly", default=False):
        _open_gateway(config, run, budget)
    plugin = RunPlugin(config, run, config.stash[SETUP])
    config.pluginmanager.register(plugin, "claude-budget-run")
    if worker_input is None:
        from pytest_claude_budget.plugin.session_end import Judge

        config.stash[JUDGE] = Judge(plugin)
        config.pluginmanager.register(config.stash[JUDGE], "claude-budget-judge")
        _follow(config, plugin, config.stash[SETUP])


@pytest.fixture
def claude_budget(request: pytest.FixtureRequest) -> "Meter":
    """What this test's Claude calls cost so far, limits for a part of it, and tags for its calls."""
    from pytest_claude_budget.plugin.fixture import Meter

    config = request.config
    return Meter(config.stash.get(RUN, None), config.stash.get(SETUP, None), request.node)


def _know_budget(run: "Run", budget: "Budget | None") -> None:
    """Where the budget file says something of hosts or call sites; else nothing is loaded for it, nor told to child processes."""
    if budget is not None and not budget.sites:
        run.know_no_sites()
    origins = None if budget is None else budget.origins
    if origins is not None and (origins.loopback or origins.live or origins.simulated):
        run.know_origins(origins)


def _hold_early(config: pytest.Config, run: "Run") -> None:
    """Hold the line before the budget is read in full. Where it cannot be read, all is held back until that is told."""
    from pytest_claude_budget.plugin.settings import early_budget

    options = config.known_args_namespace
    try:
        budget, path = early_budget(config)
        _know_budget(run, budget)
        if _holds_back(options, budget):
            from pytest_claude_budget.plugin.guard import hold_early

            hold_early(options, run, budget, path)
    except Exception as error:  # pytest_configure says what is wrong, unless a conftest file ends the run before
        from pytest_claude_budget.plugin.guard import hold_all_back

        hold_all_back(run, error)


def _hold_the_line(config: pytest.Config, run: "Run") -> None:
    """Where somebody wrote that calls must not leave, or only for so much; else nothing is loaded for it. Raises pytest.UsageError."""
    setup = config.stash[SETUP]
    if run.guard is not None or _holds_back(config.option, setup.budget):
        from pytest_claude_budget.plugin.guard import hold

        try:
            hold(config, run, setup)
        except pytest.UsageError:
            run.stop()
            raise


def _refuse_to_hold_nothing(config: pytest.Config) -> None:
    """An option that holds calls back, beside one that lets nothing be looked at: nobody would hold them."""
    for option, is_set in (
        ("--claude-budget-live=deny", config.option.claude_budget_live == "deny"),
        ("--claude-budget-cap", config.option.claude_budget_cap is not None),
    ):
        if is_set:
            from pytest_claude_budget.base.errors import Problem

            what = "expected a run that is measured, got --no-claude-budget, by which nothing is held back"
            hint = "leave one of the two out"
            raise pytest.UsageError(str(Problem(slug="not-held", where=option, what=what, hint=hint)))


def _holds_back(options: Any, budget: "Budget | None") -> bool:
    asked = options.claude_budget_live == "deny" or options.claude_budget_cap is not None
    return asked or (budget is not None and budget.holds_back)


def _follow(config: pytest.Config, plugin: "RunPlugin", setup: "Setup") -> None:
    """Say what is spent while the run goes on; from the first call on, where nobody expects any. Raises pytest.UsageError."""
    run = plugin.run
    say = partial(_say_what_is_spent, config, run, setup)
    if config.getoption("dist", "no") != "no" or config.getoption("claude_budget_every") is not None:
        say()
    elif setup.budget is None:
        run.at_first_call = say
    elif run.is_heeding:
        say()
    else:
        plugin.at_follow = say  # a program that a test starts may be the first to call


def _say_what_is_spent(config: pytest.Config, run: "Run", setup: "Setup") -> None:
    from pytest_claude_budget.plugin.spent_so_far import SpentSoFar

    SpentSoFar(config, run, setup).begin()


def _open_gateway(config: pytest.Config, run: "Run", budget: "Budget") -> None:
    """Measure other programs too. Raises pytest.UsageError."""
    from pytest_claude_budget.base.errors import InputError
    from pytest_claude_budget.plugin.gateway import join_gateway, open_gateway

    if hasattr(config, "workerinput"):
        join_gateway(run)
        return
    try:
        open_gateway(run, budget.origins, f"{budget.source}: gateway")
    except InputError as error:
        run.stop()
        raise pytest.UsageError(str(error)) from None


def _start(config: pytest.Config, process: str) -> None:
    from pytest_claude_budget.measure.run import Run, new_ledger_path

    run = Run(new_ledger_path(_ledger_folder(config)), process, str(config.rootpath))
    run.facts_of_item = _facts_of
    if (early := sys.modules.get("pytest_claude_budget.measure.early")) is not None:
        run.guarded("calls before the plugin", early.take_over, run.path)
    config.stash[RUN] = run
    run.start()
    run.at_exit = partial(_end, config)
    atexit.register(run.at_exit)  # early, so that it comes after what tests register
    config.add_cleanup(partial(_leave, config))  # early too; also where no configure, and so no unconfigure, is reached


def _join(config: pytest.Config, worker_input: dict[str, Any]) -> None:
    """Store a worker's calls in the ledger of the whole run, and of those that this is a part of; nowhere else."""
    from pytest_claude_budget.measure import child
    from pytest_claude_budget.measure.run import Run, new_ledger_path
    from pytest_claude_budget.plugin.workers import AROUND_KEY, LEDGER_KEY

    child.stop(except_for=worker_input.get(AROUND_KEY, ()))
    path = worker_input.get(LEDGER_KEY)
    ledger = Path(path) if path else new_ledger_path(_ledger_folder(config))
    run = Run(ledger, worker_input["workerid"], str(config.rootpath))
    run.facts_of_item = _facts_of
    if RUN in config.stash:
        config.stash[RUN].stop()
    config.stash[RUN] = run
    run.start()
    run.at_exit = partial(_end, config)
    atexit.register(run.at_exit)  # a worker's process ends with it: its threads may call until then


def _leave(config: pytest.Config) -> None:
    """Say what came after the verdict. A process of pytest's own is watched to its end, any other left as it was found."""
    run, judge = config.stash.get(RUN, None), config.stash.get(JUDGE, None)
    if run is None or not run.is_own_process:
        return
    from pytest_claude_budget.measure.run import RUNNING

    if judge is not None:
        judge.look_again()
    if len(RUNNING) > 1 or not _is_pytests_own(sys.argv):
        _end(config)


def _end(config: pytest.Config) -> None:
    """Measure no more."""
    run, judge = config.stash.get(RUN, None), config.stash.get(JUDGE, None)
    if run is None or not run.is_own_process:
        return
    del config.stash[RUN]
    if run.at_exit is not None:
        atexit.unregister(run.at_exit)
    run.end_gateway()
    if judge is not None:
        judge.look_again()
    run.stop()


def _is_pytests_own(arguments: Sequence[str]) -> bool:
    """Was this process started to run pytest, and does it end with it?"""
    started = Path(arguments[0]) if arguments else Path()
    return started.stem in ("pytest", "py.test") or started.parts[-2:] == ("pytest", "__main__.py")


def _ledger_folder(config: pytest.Config) -> Path:
    """The run's place in pytest's cache folder, without making it: most runs have nothing to keep."""
    try:
        cache = str(config.getini("cache_dir"))
    except ValueError:
        import tempfile

        return Path(tempfile.gettempdir()) / f"claude-budget-{os.getuid() if hasattr(os, 'getuid') else 0}"
    return config.rootpath / Path(os.path.expandvars(cache)).expanduser() / "d" / "claude-budget"


def _facts_of(item: pytest.Item) -> "OwnerFacts":
    from pytest_claude_budget.plugin.marker import facts_of

    return facts_of(item)
