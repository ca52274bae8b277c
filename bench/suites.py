"""How often the gate is wrong about live suites in which nothing has changed, by simulation.

Each suite is made of whole requests, as the SDK sends them, and goes the way of a real run: fingerprints, record, lock
file after lock file, comparison and verdict.
"""

import json
import math
import random
import string
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from bench.children import child
from bench.figures import Figure, Line

TESTS = 30
SAMPLES = 20
BASELINES, RUNS_EACH = 100, 3
"""Runs against one lock file are alike, so many lock files tell more than many runs of each."""
SEED = 20261128
MOST_RED = MOST_STALE = 0.01
SIMULATION_SECONDS = 900.0
DAY = date(2026, 11, 23)
MODEL = "claude-sonnet-4-6"
SPREADS = (0.15, 0.40)
"""Of an answer's length as a part of it, a test's own between the two: as repeated answers to test prompts of a sentence
or more spread. One-word answers spread less; open questions without a limit more."""
KINDS = {
    "plain": "one call a test",
    "retries": "one try in ten fails first",
    "cache": "a cached prefix for all, tests in random order",
    "loops": "tool loops of 2 to 4 turns",
    "varying": "a UUID in 3 of 30 texts",
}


def figure() -> Figure:
    """Measure."""
    found = child("suites", seconds=SIMULATION_SECONDS)
    runs = BASELINES * RUNS_EACH
    lines = []
    for kind, what in KINDS.items():
        for word, limit in (("red", MOST_RED), ("stale", MOST_STALE)):
            rate = found[kind][word]
            lines.append(
                Line(
                    what=f"{what}: {word}",
                    measured=f"{rate:.2%}",
                    limit=f"{limit:.0%}",
                    met=rate <= limit,
                    numbers={"rate": rate},
                )
            )
    low, high = SPREADS
    how = (
        f"{TESTS} live tests, {SAMPLES} samples, {runs} runs of {BASELINES} suites of each kind; "
        f"log-normal outputs that spread by {low:.0%} to {high:.0%}; seed {SEED}"
    )
    return Figure(title="Suites in which nothing has changed", how=how, lines=lines)


# What the child process does.


@dataclass(frozen=True, kw_only=True)
class _Test:
    name: str
    question: str
    mean: float
    spread: float
    varies: bool


@dataclass(frozen=True, kw_only=True)
class _Suite:
    kind: str
    tests: Sequence[_Test]
    chance: random.Random

    def run(self) -> Any:
        """One live run."""
        from pytest_claude_budget.base.money import exact
        from pytest_claude_budget.files.rates_file import packaged_rates
        from pytest_claude_budget.pricing.price import price
        from pytest_claude_budget.record.build import RecordBuilder
        from pytest_claude_budget.wire.requests import Fingerprints

        rates, made = packaged_rates(), Fingerprints()
        builder = RecordBuilder(rates)
        order = list(self.tests)
        if self.kind == "cache":
            self.chance.shuffle(order)
        with exact():
            for at, test in enumerate(order):
                for call in self.calls(test, made, first=at == 0):
                    builder.add(call, price(call.answer, DAY, rates))
        return builder.record()

    def calls(self, test: _Test, made: Any, *, first: bool) -> Iterator[Any]:
        """The calls of one test."""
        from pytest_claude_budget.calls.call import Status, Usage

        words = f"{test.question} {self.word(8)}-{self.word(4)}-{self.word(12)}" if test.varies else test.question
        tokens = len(test.question) // 4 + (self.chance.randint(14, 20) if test.varies else 0)
        messages: list[dict[str, Any]] = [{"role": "user", "content": words}]
        turns = self.chance.randint(2, 4) if self.kind == "loops" else 1
        for turn in range(turns):
            body = {"max_tokens": 4096, "messages": messages, "model": MODEL, "system": "You sort tickets." * 8}
            usage = Usage(input_tokens=tokens, output_tokens=self.output(test))
            if self.kind == "cache":
                body["system"] = [{"type": "text", "text": "Rules." * 900, "cache_control": {"type": "ephemeral"}}]
                key = "cache_creation_5m_input_tokens" if first else "cache_read_input_tokens"
                usage = Usage(input_tokens=tokens, output_tokens=usage.output_tokens, **{key: 1_800})
            request, *_ = made.of_messages(json.dumps(body, separators=(",", ":")).encode())
            while self.kind == "retries" and self.chance.random() < 0.1:
                yield _call(test.name, request, Usage(), Status.FAILED)
            yield _call(test.name, request, usage, Status.MEASURED)
            tokens += usage.output_tokens + 60
            messages = [*messages, *self.tool_use(turn)]

    def tool_use(self, turn: int) -> list[dict[str, Any]]:
        """An answer that asks for a tool, and the tool's result."""
        id_ = f"toolu_01{self.word(22)}"
        use = {"type": "tool_use", "id": id_, "name": "find", "input": {"text": self.word(30), "turn": turn}}
        result = {"type": "tool_result", "tool_use_id": id_, "content": "found"}
        return [{"role": "assistant", "content": [use]}, {"role": "user", "content": [result]}]

    def word(self, length: int) -> str:
        """Letters and digits."""
        return "".join(self.chance.choices(string.ascii_letters + string.digits, k=length))

    def output(self, test: _Test) -> int:
        """Draw the length of an answer."""
        width = math.log1p(test.spread**2)
        return max(1, round(math.exp(self.chance.gauss(math.log(test.mean) - width / 2, math.sqrt(width)))))


def _call(name: str, request: str | None, usage: Any, status: Any) -> Any:
    from pytest_claude_budget.calls.call import Answer, Call, Labels, Origin, Owner

    answer = Answer(status=status, endpoint="messages", model=MODEL, usage=usage, request=request)
    return Call(
        id=0, at=1_795_392_000.0, answer=answer, owner=Owner(id=name, kind="test"), labels=Labels(), origin=Origin.LIVE
    )


def suite(kind: str, chance: random.Random, spreads: tuple[float, float]) -> _Suite:
    """Tests of one kind."""
    tests = [
        _Test(
            name=f"tests/test_suite.py::test_{number:02}",
            question=f"{number:02}: {'Where is my order? ' * chance.choice((4, 20, 80))}",
            mean=chance.choice((50, 200, 400, 1_000)),
            spread=chance.uniform(*spreads),
            varies=kind == "varying" and number < 3,
        )
        for number in range(TESTS)
    ]
    return _Suite(kind=kind, tests=tests, chance=chance)


def simulate(kind: str, spreads: tuple[float, float], samples: int, baselines: int = BASELINES) -> dict[str, float]:
    """How often runs are red, or find the lock file stale, though nothing has changed."""
    from bench.gate import judged
    from pytest_claude_budget.compare.lock_update import stale, update
    from pytest_claude_budget.record.selection import Selection

    chance, red, old = random.Random(f"{SEED} {kind}"), 0, 0
    for _ in range(baselines):
        made, lock = suite(kind, chance, spreads), None
        for _ in range(samples):
            lock = update(lock, made.run(), Selection()).record
        for _ in range(RUNS_EACH):
            run = made.run()
            red += judged(lock, run)
            old += bool(stale(lock, run, Selection()))
    runs = baselines * RUNS_EACH
    return {"red": red / runs, "stale": old / runs}


if __name__ == "__main__":
    kinds = sys.argv[1].split(",") if len(sys.argv) > 1 else KINDS
    low, high = (float(part) for part in sys.argv[2].split("-")) if len(sys.argv) > 2 else SPREADS
    seen = int(sys.argv[3]) if len(sys.argv) > 3 else SAMPLES
    print(json.dumps({kind: simulate(kind, (low, high), seen) for kind in kinds}))
