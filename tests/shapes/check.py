"""Runs the shape suite with an interpreter of your choice and compares the plugin's report with `expected.py`.

    python tests/shapes/check.py --python /path/to/venv/bin/python

The interpreter needs the SDK, pytest, pytest-xdist and what this package depends on. Where the package is not
installed there, the checkout is put on its path. This program itself needs the standard library and jsonschema.
"""

import argparse
import functools
import json
import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
CHECKOUT = HERE.parent.parent
if str(CHECKOUT) not in sys.path:
    sys.path.insert(0, str(CHECKOUT))

from tests.aside import ASIDE  # noqa: E402  (this file is a program too)
from tests.shapes.expected import COUNTS, ROOMS, Expected  # noqa: E402  (this file is a program too)

WAYS: Mapping[str, tuple[str, ...]] = {
    "plain": (),
    "-n 2": ("-n", "2"),
    "reversed": ("--shapes-order=reversed",),
    "random": ("--shapes-order=random:11",),
    "aliased before": ("-p", "early_alias"),
}
"""How a room may be run; all must give one same report."""
ROOM_WAYS = {
    "suite": ("plain", "-n 2", "reversed"),
    "incomplete": ("plain", "-n 2", "random"),
    "late": ("plain", "-n 2"),
    "alias": ("plain", "aliased before"),
}
LONGEST_RUN_SECONDS = 300
AT_ONCE = 2
OUTCOMES = {"incomplete": ("incomplete", 1)}
"""Verdict and exit status of a room, where they are not `within` and 0."""
WITHOUT_COMPANIONS = ("alias",)
"""Rooms that run before anything has imported httpx, so without the plugins that may."""
WARM_ROOMS = ("suite", "incomplete")
"""Rooms that do not look at when the SDK is imported."""
NEEDED = ("anyio", "asyncio", "rerunfailures")
"""Plugins that the rooms ask for, or that a user of them has beside them."""
BATCH_TESTS = "test_batch"


@dataclass(frozen=True, kw_only=True)
class Ran:
    """One run of one room."""

    status: int
    output: str
    report: Any
    """The cost report, None where none was written."""
    passed: frozenset[str]
    not_passed: tuple[str, ...]
    properties: Mapping[str, Mapping[str, str]]
    """JUnit's, by test."""


@dataclass(frozen=True)
class Interpreter:
    """A Python with an SDK in it."""

    python: str
    warm: tuple[str, ...] = ()
    """Starts the same Python with the SDK imported, where there is such a one."""
    warm_without: tuple[str, ...] = ()
    """With pytest imported, and no client."""

    @property
    def about(self) -> dict[str, Any]:
        """The SDK's version and the features that were found."""
        return _about(self.python)

    @property
    def has_entry_point(self) -> bool:
        """Does pytest load the plugin there by itself?"""
        return _has_entry_point(self.python)

    def pytest(self, room: str, way: str) -> Ran:
        """Run one room; plainly as a process that starts, so that imports come in their own order once."""
        alone = room in WITHOUT_COMPANIONS
        started = () if way == "plain" or alone else self.warm if room in WARM_ROOMS else self.warm_without
        plugins = [] if self.has_entry_point and not alone else ["-p", "pytest_claude_budget.plugin"]
        plugins += ["-p", "xdist"] if alone else []
        plugins += [option for name in ASIDE if name not in NEEDED for option in ("-p", f"no:{name}")]
        with tempfile.TemporaryDirectory() as folder:
            report, junit = Path(folder, "cost.json"), Path(folder, "junit.xml")
            files = (f"--claude-budget-report=json:{report}", f"--junitxml={junit}", "-o", f"cache_dir={folder}/cache")
            ran = _run(
                *(started or (self.python,)),
                *("-m", "pytest", "-p", "no:randomly", *plugins, *files, *WAYS[way]),
                cwd=HERE / room,
                alone=alone,
            )
            passed, not_passed, properties = _junit(junit)
            return Ran(
                status=ran.returncode,
                output=ran.stdout + ran.stderr,
                report=json.loads(report.read_text()) if report.exists() else None,
                passed=passed,
                not_passed=not_passed,
                properties=properties,
            )


@functools.cache
def _about(python: str) -> dict[str, Any]:
    """Asked once for all rooms: it imports the SDK."""
    return json.loads(_run(python, "features.py", cwd=HERE).stdout)


@functools.cache
def _has_entry_point(python: str) -> bool:
    code = (
        "from importlib.metadata import entry_points as e;"
        "print(sum(p.name == 'claude_budget' for p in e(group='pytest11')))"
    )
    return _run(python, "-c", code, cwd=HERE).stdout.strip() != "0"


def _run(*command: str, cwd: Path, alone: bool = False) -> subprocess.CompletedProcess[str]:
    environ = _environ(os.environ, alone=alone)
    return subprocess.run(
        command, cwd=cwd, env=environ, text=True, capture_output=True, timeout=LONGEST_RUN_SECONDS, check=False
    )


def _environ(outer: Mapping[str, str], *, alone: bool) -> dict[str, str]:
    """A user's plain environment: no outer run, no proxy, no settings of the SDK's."""
    unwanted = ("CLAUDE_BUDGET", "PYTEST", "ANTHROPIC", "COV_CORE", "PYTHON")
    kept = {
        name: value
        for name, value in outer.items()
        if not name.startswith(unwanted) and not name.lower().endswith("_proxy")
    }
    kept.pop("SSL_CERT_FILE", None)
    kept |= {
        "SSL_CERT_DIR": str(HERE)
    }  # holds no certificate: reading all of them for each client took half of the time
    kept |= {"PYTHONPATH": os.pathsep.join([str(CHECKOUT), str(HERE)]), "PYDANTIC_DISABLE_PLUGINS": "__all__"}
    return {**kept, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"} if alone else kept


def _junit(path: Path) -> tuple[frozenset[str], tuple[str, ...], dict[str, dict[str, str]]]:
    if not path.exists():
        return frozenset(), ("no JUnit file was written",), {}
    passed, not_passed, properties = [], [], {}
    for case in ET.parse(path).iter("testcase"):
        name = f"{case.get('classname', '').replace('.', '/')}.py::{case.get('name')}"
        (not_passed if case.find("*[@message]") is not None else passed).append(name)
        properties[name] = {each.get("name", ""): each.get("value", "") for each in case.iter("property")}
    return frozenset(passed), tuple(not_passed), properties


def defined(room: str, features: frozenset[str]) -> dict[str, Expected]:
    """What must be in the report, with the SDK that is installed."""
    return {name: each for name, each in ROOMS[room].items() if features.issuperset(each.needs)}


def problems_of(ran: Ran, room: str, features: frozenset[str]) -> Iterator[str]:
    """Compare one run with what is expected; a sentence for each difference."""
    expected = defined(room, features)
    yield from (f"did not pass: {name}" for name in ran.not_passed)
    tests = {name for name, each in expected.items() if each.owner_kind == "test"}
    yield from (f"not defined, or not passed: {name}" for name in sorted(tests - ran.passed))
    yield from (f"nobody has said what it costs: {name}" for name in sorted(ran.passed - tests))
    if ran.report is None:
        yield f"no report was written (exit status {ran.status}):\n{ran.output[-3000:]}"
        return
    outcome, status = OUTCOMES.get(room, ("within", 0) if expected else ("unjudged", 5))
    yield from _differs("verdict", outcome, ran.report["verdict"]["outcome"])
    yield from _differs("exit status", status, ran.status)
    yield from _schema_problems(ran.report)
    yield from _owner_problems(ran.report, expected)
    yield from _sum_problems(ran.report, expected)
    yield from _property_problems(ran, expected)


def _differs(what: str, expected: object, actual: object) -> Iterator[str]:
    if expected != actual:
        yield f"{what}: expected {expected}, got {actual}"


def _schema_problems(report: Any) -> Iterator[str]:
    from jsonschema import Draft202012Validator

    schema = json.loads((CHECKOUT / "schemas/report.schema.json").read_text())
    for error in Draft202012Validator(schema).iter_errors(report):
        yield f"schema: {error.json_path}: {error.message}"


def _owner_problems(report: Any, expected: Mapping[str, Expected]) -> Iterator[str]:
    rows = {row["owner"]: row for row in report["by_owner"]}
    yield from (f"{owner}: nobody expects it to pay" for owner in sorted(rows.keys() - expected.keys()))
    unknown = {(row["owner"], row["kind"]) for row in report["unpriced"]}
    for owner, each in expected.items():
        row = rows.get(owner)
        if row is None:
            if each.all_attempts or each.free:
                yield f"{owner}: is not in the report"
            continue
        yield from _differs(f"{owner}: cost", each.cost, Decimal(row["cost"]))
        yield from _differs(f"{owner}: spent", Decimal(0), Decimal(row["spent"]))
        for name, value in (("calls", each.calls), ("attempts", each.all_attempts), ("free", each.free)):
            yield from _differs(f"{owner}: {name}", value, row[name])
        yield from _differs(f"{owner}: at_least", each.kind is not None, row["at_least"])
        yield from _differs(f"{owner}: usage", each.usage, row["usage"])
        yield from _differs(f"{owner}: kind", each.owner_kind, row["kind"])
        kinds = {kind for name, kind in unknown if name == owner}
        yield from _differs(f"{owner}: unpriced", set() if each.kind is None else {each.kind}, kinds)


def _sum_problems(report: Any, expected: Mapping[str, Expected]) -> Iterator[str]:
    totals, rows = report["totals"], report["by_owner"]
    for money in ("cost", "spent"):
        yield from _differs(f"sum of owners' {money}", Decimal(totals[money]), sum(Decimal(row[money]) for row in rows))
    for count in ("calls", "attempts", "free"):
        yield from _differs(f"sum of owners' {count}", totals[count], sum(row[count] for row in rows))
    for count in COUNTS:
        yield from _differs(f"sum of owners' {count}", totals["usage"][count], sum(row["usage"][count] for row in rows))
    yield from _differs(
        "total cost", sum((each.cost for each in expected.values()), Decimal(0)), Decimal(totals["cost"])
    )
    yield from _differs("total calls", sum(each.calls for each in expected.values()), totals["calls"])
    yield from _differs("answers seen", totals["calls"], report["answers"]["seen"])
    yield from _differs("answers free", totals["free"], report["answers"]["free"])
    complete = all(each.kind is None for each in expected.values())
    yield from _differs("all answers priced", complete, report["answers"]["seen"] == report["answers"]["priced"])


def _property_problems(ran: Ran, expected: Mapping[str, Expected]) -> Iterator[str]:
    """JUnit's properties say the same. Of batches they say what this test alone has seen of them."""
    for name in ran.passed:
        each, said = expected.get(name), ran.properties[name]
        if each is None or BATCH_TESTS in name or not each.all_attempts:
            continue
        told = said.get("claude_cost_usd", "-1")
        if each.kind is not None:
            told = said.get("claude_cost_at_least", told)
        yield from _differs(f"{name}: JUnit cost", each.cost, Decimal(told))
        yield from _differs(f"{name}: JUnit calls", str(each.calls), said.get("claude_calls"))


def check(interpreter: Interpreter, room: str) -> dict[str, list[str]]:
    """Run a room in every way; problems by way."""
    features, ways = frozenset(interpreter.about["features"]), ROOM_WAYS[room]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        runs = dict(zip(ways, pool.map(lambda way: interpreter.pytest(room, way), ways), strict=True))
    found = {way: list(problems_of(ran, room, features)) for way, ran in runs.items()}
    for way, ran in runs.items():
        found[way] += _differences(runs["plain"].report, ran.report)
    return found


def _differences(one: Any, other: Any) -> list[str]:
    """The whole report must be the same to the last digit."""
    if one is None or other is None or one == other:
        return []
    apart = [key for key in one if key != "run" and one[key] != other.get(key)]  # `run` names the run itself
    return [f"{key}: differs from the plain run's" for key in apart]


def main(arguments: list[str]) -> int:
    """Check all rooms and say what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", default=sys.executable, help="the interpreter to check [this one]")
    parser.add_argument("rooms", nargs="*", default=list(ROOMS), help=f"of {', '.join(ROOMS)} [all]")
    options = parser.parse_args(arguments)
    interpreter = Interpreter(options.python)
    about = interpreter.about
    print(f"anthropic {about['anthropic']}: {', '.join(about['features'])}")
    bad = 0
    for room in options.rooms:
        tests = defined(room, frozenset(about["features"]))
        found = check(interpreter, room)
        for way, problems in found.items():
            bad += len(problems)
            print(f"{room} ({way}): {len(tests)} owners, {len(problems) or 'no'} problems")
            for problem in problems:
                print(f"    {problem}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
