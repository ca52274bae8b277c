"""What a run was told to do: its budget, its rates, its reports. Bad input ends the run before it starts."""

import warnings
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_claude_budget.budget.difference import Base
    from pytest_claude_budget.budget.limits import Budget
    from pytest_claude_budget.files.baseline_file import Loaded
    from pytest_claude_budget.files.checked_yaml import Memory
    from pytest_claude_budget.pricing.rates import RateTable
    from pytest_claude_budget.record.record import Record

LOCK_NAME = "claude-budget.lock.json"
BUDGET_NAMES = ("claude-budget.yml", "claude-budget.yaml")
_OTLP = "otlp"
"""As in `render/report_kinds.py`, which few runs load."""
CACHE_KEY = "claude-budget/checked"
_ABOUT_CALLS = (b"loopback", b"origins", b"live_calls", b"hard_cap", b"enforce", b"sites")
MOST_CHECKED = 20
"""Files that are remembered: the newest ones."""
KEPT_KEY = "claude-budget/read"
MOST_KEPT, LONGEST_KEPT = 3, 100_000
"""Files whose values are kept, the newest ones, and the most characters of one: all are read at each start."""


class Setup:
    """All that was written about a run. A plain class: every pytest run makes it, and a tuple with names takes ten times as long."""

    def __init__(
        self, reports: tuple[tuple[str, str], ...] = (), rootdir: Path = Path(), folder: Path = Path()
    ) -> None:
        self.budget: Budget | None = None
        self.rates: RateTable | None = None
        """Only where the budget changes the packaged table; else it is read when it is needed."""
        self.reports = tuple((kind, Path(path)) for kind, path in reports if kind != _OTLP)
        self.otlp = tuple(path for kind, path in reports if kind == _OTLP)
        """Files and addresses of receivers."""
        """Kind and file of each report that was asked for."""
        self.loaded: Loaded | None = None
        """The baseline that was read."""
        self.base: Base | None = None
        """The budget of the base, where the baseline has a commit."""
        self.has_no_lock = False
        """There was none to read yet, when the run began."""
        self.has_other_baseline = False
        """Another one than the lock file was asked for, or none."""
        self.lock: Path | None = None
        """The lock file to write when the run is over; None leaves it alone."""
        self.rootdir = rootdir
        self.folder = folder
        """Where pytest was started: what the paths of reports are relative to."""

    def baseline(self) -> "Loaded | None":
        """What to compare with."""
        if self.has_no_lock:
            from pytest_claude_budget.files.baseline_file import no_lock_yet

            return no_lock_yet(LOCK_NAME)
        return self.loaded

    def baseline_tests(self) -> list[str]:
        """The tests of the baseline, where one was read."""
        return [] if self.loaded is None else _tests_of(self.loaded.record)

    def calls_before(self, test: str) -> int:
        """The calls that a test has in the baseline; 0 where none was read."""
        record = None if self.loaded is None else self.loaded.record
        found = None if record is None else record.owners.get(test)
        return found.calls if found is not None and found.kind == "test" else 0

    def known_tests(self) -> list[str]:
        """Those, and the lock file's, with which a report may be compared though the run was not."""
        if not self.has_other_baseline:
            return self.baseline_tests()
        from pytest_claude_budget.base.errors import InputError
        from pytest_claude_budget.files.baseline_file import read_lock

        with suppress(InputError):
            return [*self.baseline_tests(), *_tests_of(read_lock(self.rootdir / LOCK_NAME, LOCK_NAME))]
        return self.baseline_tests()

    def rate_table(self) -> "RateTable":
        """The table in force."""
        if self.rates is not None:
            return self.rates
        from pytest_claude_budget.files.rates_file import packaged_rates

        return packaged_rates()


def _tests_of(record: "Record | None") -> list[str]:
    """The tests, and the fixtures outside of the rootdir: those need not lie where tests were looked for."""
    owners = () if record is None else record.owners.values()
    return [owner.owner for owner in owners if owner.kind == "test" or owner.owner.startswith("../")]


class CheckedFiles:
    """Files that a schema allowed, by their fingerprints, in pytest's cache. Where there is no cache, nothing is remembered."""

    def __init__(self, cache: "pytest.Cache | None") -> None:
        self._cache = cache

    def knows(self, fingerprint: str) -> bool:
        """Was this one remembered?"""
        return fingerprint in self._all()

    def remember(self, fingerprint: str) -> None:
        """Keep it, if that can be done."""
        if self._cache is None:
            return
        kept = [each for each in self._all() if each != fingerprint][-MOST_CHECKED + 1 :]
        with suppress(Exception), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pytest says by itself that its cache cannot be written
            self._cache.set(CACHE_KEY, [*kept, fingerprint])

    def recall(self, fingerprint: str) -> object:
        """What was kept of the file with this one; None where nothing was."""
        return self._kept().get(fingerprint)

    def keep(self, fingerprint: str, held: object) -> None:
        """Keep what the file with this one holds, if it is no long one."""
        if self._cache is None:
            return
        import json

        with suppress(Exception), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # as above
            if len(json.dumps(held)) <= LONGEST_KEPT:
                others = [(name, each) for name, each in self._kept().items() if name != fingerprint]
                self._cache.set(KEPT_KEY, dict([*others[-MOST_KEPT + 1 :], (fingerprint, held)]))

    def _kept(self) -> dict[str, object]:
        found = None
        with suppress(Exception):
            found = self._cache.get(KEPT_KEY, None) if self._cache is not None else None
        return found if isinstance(found, dict) else {}

    def _all(self) -> list[str]:
        found = None
        with suppress(Exception):
            found = self._cache.get(CACHE_KEY, None) if self._cache is not None else None
        return [each for each in found if isinstance(each, str)] if isinstance(found, list) else []


def find_budget(config: pytest.Config) -> tuple[Path | None, str]:
    """Find the budget file, and how to call it: the option, else the ini value, else the usual names."""
    option, ini = config.getoption("claude_budget"), config.getini("claude_budget")
    if option:
        return config.invocation_params.dir / option, str(option)
    if ini:
        return config.rootpath / str(ini), str(ini)
    for name in BUDGET_NAMES:
        path = config.rootpath / name
        if path.exists():
            return path, name
    return None, ""


def early_budget(config: pytest.Config) -> "tuple[Budget | None, Path | None]":
    """What the budget file says of hosts and live calls, before it is read in full: conftest files may call Claude as they are imported.

    No budget where it says nothing, or cannot be read: what is wrong with it is told when it is read in full.
    """
    option, ini = config.known_args_namespace.claude_budget, config.getini("claude_budget")
    base = config.invocation_params.dir if option else config.rootpath
    names = [option] if option else [ini] if ini else BUDGET_NAMES
    path = next((base / name for name in names if (base / name).exists()), None)
    written = b"" if path is None else path.read_bytes()
    if path is None or not any(word in written for word in _ABOUT_CALLS):
        return None, path
    from pytest_claude_budget.files.budget_file import load_budget

    return load_budget(path, path.name)[0], path


def parse_report_options(config: pytest.Config) -> tuple[tuple[str, str], ...]:
    """Read `--claude-budget-report=KIND:PATH`: each kind with its path, or the address of a receiver. Raises pytest.UsageError."""
    texts = config.getoption("claude_budget_report")
    if not texts:
        return ()
    from pytest_claude_budget.base.errors import InputError
    from pytest_claude_budget.render.report_kinds import KINDS, OTLP, kind_and_path

    option, kinds, folder = "--claude-budget-report", (*KINDS, OTLP), config.invocation_params.dir
    try:
        asked = [kind_and_path(text, option, f"{option}=json:claude-cost.json", kinds) for text in texts]
    except InputError as error:
        raise pytest.UsageError(str(error)) from None
    return tuple(
        (kind, path if kind == OTLP and path.startswith(("http://", "https://")) else str(folder / path))
        for kind, path in asked
    )


def read_setup(config: pytest.Config) -> Setup:
    """Read the budget, the rates that it names, and the baseline. Raises pytest.UsageError."""
    path, shown = find_budget(config)
    setup = Setup(reports=parse_report_options(config), rootdir=config.rootpath, folder=config.invocation_params.dir)
    source, updates = config.getoption("claude_budget_baseline"), config.getoption("claude_budget_update")
    lock = config.rootpath / LOCK_NAME
    if path is None and source is None and not updates and not lock.exists():
        return setup
    from pytest_claude_budget.base.errors import InputError

    try:
        if path is not None:
            _add_budget(setup, path, shown, CheckedFiles(getattr(config, "cache", None)))
        if not hasattr(config, "workerinput"):
            setup.lock = lock if updates else None
            _add_baseline(setup, config, source)
    except InputError as error:
        raise pytest.UsageError(str(error)) from None
    return setup


def _add_budget(setup: Setup, path: Path, shown: str, memory: "Memory") -> None:
    from pytest_claude_budget.files.budget_file import load_budget

    setup.budget, _ = load_budget(path, shown, memory)
    if setup.budget.rates_file or setup.budget.aliases:
        from pytest_claude_budget.files.rates_file import rates_of

        setup.rates = rates_of(setup.budget, path.parent, memory)


def _add_baseline(setup: Setup, config: pytest.Config, source: str | None) -> None:
    """Read before the tests run: they may change the file, and bad input should not cost a run."""
    setup.has_other_baseline = source is not None
    setup.has_no_lock = source is None and not (config.rootpath / LOCK_NAME).exists()
    if not setup.has_no_lock:
        from pytest_claude_budget.files import baseline_file as baseline_files

        if source is None and setup.lock is not None:  # it is written anew, so a merge's marks are no fault
            lock = baseline_files.mended_lock(setup.lock, LOCK_NAME)
            if lock.broken:
                from dataclasses import replace

                setup.loaded = replace(baseline_files.no_lock_yet(LOCK_NAME), record=lock.record)
                return
        setup.loaded = baseline_files.load_baseline(source, config.invocation_params.dir, config.rootpath)
        if setup.loaded is not None and setup.loaded.baseline.kind == "git":
            from pytest_claude_budget.files.base_budget import base_of

            path = find_budget(config)[0] or config.rootpath / BUDGET_NAMES[0]
            setup.base = base_of(setup.loaded, path, setup.budget)
