"""A purse of what was written: for the run's own process and its workers, and for those that it starts."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from os import environ
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_claude_budget.budget.which_limit import Limits
from pytest_claude_budget.cap.open_cap import URL, open_cap
from pytest_claude_budget.cap.store import UnavailableError
from pytest_claude_budget.enforce.purse import Purse, Terms
from pytest_claude_budget.enforce.rules import CapRules, Rules, cap_text

if TYPE_CHECKING:
    from pytest_claude_budget.budget.limits import Budget
    from pytest_claude_budget.measure.run import Run
    from pytest_claude_budget.pricing.rates import RateTable

SUFFIX = ".cap"
"""How the name of the file ends; it begins with the ledger's."""


def purse_at(run: "Run", rules: CapRules, budget: "Budget | None", rates: "RateTable") -> Purse:
    """The purse that all processes of a run share. Raises InputError, UnavailableError, and OSError where there is no room for its file."""
    ledger = run.path
    if not environ.get(URL):
        ledger.parent.mkdir(parents=True, exist_ok=True)
    store = open_cap(environ, ledger.with_name(f"{ledger.name}{SUFFIX}"))
    terms = Terms(rates=rates) if budget is None else _terms_of(budget, rates)
    limits = Limits(budget=budget, markers={}, spellings=rates.spellings)
    return Purse(Rules(rules, limits), terms, store, lambda: datetime.fromtimestamp(run.recorder.now(), UTC).date())


def _terms_of(budget: "Budget", rates: "RateTable") -> Terms:
    features = budget.features

    def feature_of(owner: str) -> str | None:
        return next((feature.name for feature in features if feature.covers(owner)), None)

    return Terms(rates=rates, assumes=budget.cap_assumes, feature_of=feature_of)


def text_of(rules: CapRules, budget: Path | None) -> str:
    """For an environment variable: what `purse_told` makes the same purse of."""
    return json.dumps({**cap_text(rules), "budget": None if budget is None else str(budget)})


def purse_told(run: "Run", text: str, *, makes: bool = False) -> Purse:
    """The purse of a process that was told of it. Raises what reading a budget file raises, too.

    A run that is over has removed its file: who outlives it must not begin another one. The run's own process `makes` it.
    """
    if not makes and not environ.get(URL) and not run.path.with_name(f"{run.path.name}{SUFFIX}").exists():
        raise UnavailableError("the run is over")
    told = json.loads(text)
    cap = told["cap"]
    rules = CapRules(cap=None if cap is None else Decimal(cap), cap_by=told["by"], stops=told["stops"])
    from pytest_claude_budget.files.rates_file import packaged_rates, rates_of

    if told["budget"] is None:
        return purse_at(run, rules, None, packaged_rates())
    from pytest_claude_budget.files.budget_file import load_budget

    path = Path(told["budget"])
    budget, _ = load_budget(path, path.name)
    return purse_at(run, rules, budget, rates_of(budget, path.parent))
