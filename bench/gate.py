"""The gate's error rates, by simulation, and the time that its commands take."""

import json
import math
import random
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

from bench.children import child, environment, timed
from bench.figures import Figure, Line, shown

RUNS = 2_000
TESTS = 30
SAMPLES = 20
DRIFT, DRIFT_RUNS, DRIFTS = 1.20, 10, 200
TIMES_DEARER = (1.25, 1.5, 2.0, 4.75)
LEAST_CAUGHT = 0.95
CALLS = 4
"""Of a test that makes more of them now: each quarter is one call."""
DEARER_RUNS = 300
BIG = 10_000
TIMED_RUNS = 7
SPREADS = (0.15, 0.40)
SEED = 20261124
SIMULATION_SECONDS = 900.0
GATE_SECONDS, HELP_SECONDS = 0.5, 0.15


def figure() -> Figure:
    """Measure."""
    found = child("gate", "simulate", seconds=SIMULATION_SECONDS)
    lines = [
        _rate(f"false failures in {RUNS:,} unchanged runs", found["false"], most=0.01),
        *(
            _rate(f"one test {times} times dearer by {how}", rate, least=LEAST_CAUGHT)
            for (how, times), rate in zip(_dearer_kinds(), found["dearer"], strict=True)
        ),
        _rate("one test asks something else that costs the same: false", found["harmless"], most=0.01),
        _rate(f"all outputs {DRIFT - 1:+.0%}, caught within {DRIFT_RUNS} runs", found["drift"], least=0.9),
        *_commands(),
    ]
    how = f"{TESTS} live tests, {SAMPLES} samples each, log-normal outputs that spread by 15 to 40%; seed {SEED}"
    return Figure(title="The gate", how=how, lines=lines)


def _dearer_kinds() -> list[tuple[str, float]]:
    return [(how, times) for how in ("a changed request", "added calls") for times in TIMES_DEARER]


def _rate(what: str, rate: float, *, most: float | None = None, least: float | None = None) -> Line:
    met = (most is None or rate <= most) and (least is None or rate >= least)
    limit = f"{least if most is None else most:.0%}"
    return Line(what=what, measured=f"{rate:.2%}", limit=limit, least=most is None, met=met, numbers={"rate": rate})


def _commands() -> list[Line]:
    """Whole processes: `gate` on a large suite with one change in ten, and `--help`."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        child("gate", "write", str(folder))
        command = [sys.executable, "-m", "pytest_claude_budget"]
        gate = [*command, "gate", "report.json"]
        with_file = [*gate, "--output", "json:verdict.json"]
        return [
            _timed(f"gate on {BIG:,} tests", gate, folder, GATE_SECONDS),
            _timed(f"gate on {BIG:,} tests, with a JSON file of it", with_file, folder, GATE_SECONDS),
            _timed("--help", [*command, "--help"], folder, HELP_SECONDS),
        ]


def _timed(what: str, command: Sequence[str], folder: Path, limit: float | None = None) -> Line:
    timed(command, folder, environment())  # compiles, and fills the caches
    taken = [timed(command, folder, environment()) for _ in range(TIMED_RUNS)]
    wall, cpu = (median(times[at] for times in taken) for at in (0, 1))
    return Line(
        what=f"{what}, whole process",
        measured=f"{shown(wall)} wall time, {shown(cpu)} CPU time",
        limit="" if limit is None else shown(limit),
        met=None if limit is None else wall <= limit,
        numbers={"wall_seconds": wall, "cpu_seconds": cpu},
    )


# What the child processes do.


@dataclass(frozen=True, kw_only=True)
class _Test:
    """One live test: its prompt, and how long its answers are."""

    name: str
    prompt: int
    mean: float
    spread: float
    calls: int = 1

    def output(self, chance: random.Random, drift: float = 1.0) -> int:
        """Draw the length of an answer."""
        width = math.log1p(self.spread**2)
        return max(1, round(math.exp(chance.gauss(math.log(self.mean * drift) - width / 2, math.sqrt(width)))))


def _simulate(spreads: tuple[float, float] = SPREADS, samples: int = SAMPLES) -> dict[str, Any]:
    chance = random.Random(SEED)

    def suite(calls: int = 1) -> tuple[list[_Test], dict[str, Any]]:
        return _suite(chance, spreads, samples, calls)

    false = sum(_fails(*suite(), chance) for _ in range(RUNS))
    dearer = [
        sum(_dearer_fails(how, times, suite(CALLS if how == "added calls" else 1), chance) for _ in range(DEARER_RUNS))
        / DEARER_RUNS
        for how, times in _dearer_kinds()
    ]
    drift = 0
    for _ in range(DRIFTS):
        tests, before = suite()
        drift += any(_fails(tests, before, chance, drift=DRIFT) for _ in range(DRIFT_RUNS))
    harmless = sum(_dearer_fails("a changed request", 1.0, suite(), chance) for _ in range(DEARER_RUNS)) / DEARER_RUNS
    return {"false": false / RUNS, "dearer": dearer, "drift": drift / DRIFTS, "harmless": harmless}


def _suite(
    chance: random.Random, spreads: tuple[float, float], samples: int, calls: int
) -> tuple[list[_Test], dict[str, Any]]:
    """Tests, and the samples of each of their calls after so many live runs."""
    from pytest_claude_budget.compare.noise import with_sample

    tests = [
        _Test(
            name=f"tests/test_suite.py::test_{number:02}",
            prompt=chance.choice((200, 1_000, 4_000)),
            mean=chance.choice((50, 200, 400, 1_000)),
            spread=chance.uniform(*spreads),
            calls=calls,
        )
        for number in range(TESTS)
    ]
    seen: dict[str, Any] = {}
    for test in tests:
        for at in range(calls):
            for _ in range(samples):
                seen[test.name, at] = with_sample(seen.get((test.name, at)), test.output(chance))
    return tests, seen


def _record(tests: Sequence[_Test], outputs: dict[Any, int], samples: dict[Any, Any] | None = None) -> Any:
    from pytest_claude_budget.record.record import OwnerRecord, Record, in_order

    owners = {}
    for test in tests:
        groups = (
            _group(test, at, outputs[test.name, at], (samples or {}).get((test.name, at))) for at in range(test.calls)
        )
        owners[test.name] = OwnerRecord(owner=test.name, kind="test", groups=in_order(groups))
    return Record(rates_as_of=date(2026, 11, 23), owners=owners)


def _group(test: _Test, at: int, output: int, samples: Any = None) -> Any:
    from pytest_claude_budget.calls.call import Usage
    from pytest_claude_budget.record.record import Group, Terms

    return Group(
        terms=Terms(model="claude-sonnet-4-6"),
        request=json.dumps({"messages": f"{hash((test.name, at)) & 0xFFFFFF:x}:{test.prompt * 4}"}),
        calls=1,
        attempts=1,
        live=1,
        usage=Usage(input_tokens=test.prompt, output_tokens=output),
        samples=samples,
    )


def _baseline(tests: Sequence[_Test], samples: dict[Any, Any]) -> Any:
    return _record(tests, {key: round(seen.mean) for key, seen in samples.items()}, samples)


def _outputs(tests: Sequence[_Test], chance: random.Random, drift: float = 1.0) -> dict[Any, int]:
    return {(test.name, at): test.output(chance, drift) for test in tests for at in range(test.calls)}


def _fails(tests: list[_Test], samples: dict[Any, Any], chance: random.Random, drift: float = 1.0) -> bool:
    return judged(_baseline(tests, samples), _record(tests, _outputs(tests, chance, drift)))


def _dearer_fails(how: str, times: float, suite: tuple[list[_Test], dict[Any, Any]], chance: random.Random) -> bool:
    """One test is to cost so many times what it did. Its answers are as noisy as ever, and so are those of the others."""
    from pytest_claude_budget.record.record import in_order

    tests, samples = suite
    before, after = _baseline(tests, samples), _record(tests, _outputs(tests, chance))
    test = chance.choice(tests)
    owner = after.owners[test.name]
    if how == "a changed request":
        # Input costs a fifth of output on Sonnet: all that came on top is in the prompt.
        more = math.ceil((times - 1) * (test.prompt + 5 * samples[test.name, 0].mean))
        (old,) = owner.groups
        usage = replace(old.usage, input_tokens=test.prompt + more)
        asked = json.dumps({"messages": f"ffff:{(test.prompt + more) * 4 + 80}"})
        groups = in_order([replace(old, request=asked, usage=usage)])
    else:
        extra = round((times - 1) * test.calls)
        added = (_group(test, test.calls + at, test.output(chance)) for at in range(extra))
        groups = in_order((*owner.groups, *added))
    after = replace(after, owners={**after.owners, test.name: replace(owner, groups=groups)})
    return judged(before, after)


def judged(before: Any, after: Any) -> bool:
    """Does the gate fail? Limits as the README recommends them."""
    from decimal import Decimal

    from pytest_claude_budget.budget.increases_and_volumes import ChangeLimit
    from pytest_claude_budget.budget.limits import Budget
    from pytest_claude_budget.compare.compare import Facts, compare
    from pytest_claude_budget.compare.result import Baseline
    from pytest_claude_budget.files.rates_file import packaged_rates
    from pytest_claude_budget.judge.increases import Change, change_breaches

    run, test = (
        ChangeLimit(scope=scope, max_increase=Decimal(most), where="", path="")
        for scope, most in (("run", "0.10"), ("test", "0.20"))
    )
    facts = Facts(baseline=Baseline(source="", kind="lock"), rates=packaged_rates(), day=date(2026, 11, 23))
    comparison = compare(before, after, facts)
    return any(change_breaches(Budget(changes=(run, test), source=""), Change(comparison=comparison)))


def _write(folder: Path) -> None:
    """A budget, a lock file and a report of a large suite, of which one test in ten has changed."""
    from pytest_claude_budget.files.baseline_file import write_lock
    from pytest_claude_budget.files.load import Terms, sums_of
    from pytest_claude_budget.files.rates_file import packaged_rates
    from pytest_claude_budget.judge.report import RunFacts, judge
    from pytest_claude_budget.render.json_document import report_text

    tests = [
        _Test(name=f"tests/test_{number % 100}.py::test_{number}", prompt=1000, mean=200, spread=0)
        for number in range(BIG)
    ]
    before = _record(tests, {(test.name, 0): 200 for test in tests})
    outputs = {(test.name, 0): 210 if number % 10 == 0 else 200 for number, test in enumerate(tests)}
    after = _record(tests, outputs)
    rates = packaged_rates()
    write_lock(folder / "claude-budget.lock.json", before)
    terms = Terms(budget=None, rates=rates, day=date(2026, 11, 23))
    report = judge(sums_of(after, terms), after, RunFacts(rates=rates))
    (folder / "report.json").write_text(report_text(report), encoding="utf-8")
    budget = "version: 1\nlimits:\n  - {scope: run, max_cost: 100}\nchanges:\n  run: {max_increase: 10%}\n  test: {max_increase: 25%}\n"
    (folder / "claude-budget.yml").write_text(budget, encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1] == "simulate":
        low, high, samples = (
            (*map(float, sys.argv[2:4]), int(sys.argv[4])) if len(sys.argv) > 4 else (*SPREADS, SAMPLES)
        )
        print(json.dumps(_simulate((low, high), samples)))
    else:
        _write(Path(sys.argv[2]))
        print("{}")
