"""The run as a file for speedscope, which draws flame graphs: https://www.speedscope.app/file-format-schema.json.

speedscope shows three decimals of a number, of which a call's dollars would seldom have one. So the weights are millionths of a dollar.
"""

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from pytest_claude_budget import __version__
from pytest_claude_budget.base.money import exact, to_json
from pytest_claude_budget.judge.report import CostReport
from pytest_claude_budget.record.sites import Frame
from pytest_claude_budget.render.profile_stacks import Weighed, weighed_stacks

COST, CALLS = "cost in millionths of a US dollar", "calls"


def speedscope_text(report: CostReport) -> str:
    """Two profiles of the same stacks: what they cost, and how many calls were sent by them."""
    with exact():
        return _document(list(weighed_stacks(report.sums)))


def _document(rows: Sequence[Weighed]) -> str:
    numbers: dict[Frame, int] = {}
    samples = [[numbers.setdefault(frame, len(numbers)) for frame in reversed(row.frames)] for row in rows]
    document = {
        "$schema": "https://www.speedscope.app/file-format-schema.json",
        "exporter": f"pytest-claude-budget {__version__}",
        "name": "Claude calls of a test suite",
        "activeProfileIndex": 0,
        "shared": {"frames": list(map(_frame, numbers))},
    }
    weights = {COST: [row.cost.scaleb(6) for row in rows], CALLS: [Decimal(row.calls) for row in rows]}
    profiles = ", ".join(_profile(name, samples, each) for name, each in weights.items())
    return f'{json.dumps(document)[:-1]}, "profiles": [{profiles}]}}\n'


def _profile(name: str, samples: Sequence[Sequence[int]], weights: Sequence[Decimal]) -> str:
    """Numbers are written as they are: a float would have other digits."""
    head: dict[str, Any] = {"type": "sampled", "name": name, "unit": "none", "startValue": 0, "samples": samples}
    numbers = ", ".join(map(to_json, weights))
    return f'{json.dumps(head)[:-1]}, "endValue": {to_json(sum(weights, Decimal(0)))}, "weights": [{numbers}]}}'


def _frame(frame: Frame) -> dict[str, str | int]:
    file, function, line = frame
    return {"name": function, "file": file, "line": line} if file else {"name": function}
