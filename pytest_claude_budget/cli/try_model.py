"""`advise --try`: the same tests twice, the second time with another model, and what came of it."""

import os
import shlex
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_claude_budget.base.errors import InputError, Problem
from pytest_claude_budget.plugin.try_model import TRY_VARIABLE

if TYPE_CHECKING:
    from pytest_claude_budget.advice.tried import Ran, Tried
    from pytest_claude_budget.files.load import Terms

_OPTIONS = "PYTEST_ADDOPTS"
_UPDATE = "--claude-budget-update"
_STDERR = 2
"""Where the command's own output goes: what this one says is on stdout, for programs too."""
_PLUGIN = "pytest_claude_budget.plugin.try_model"


def try_model(spelled: str, command: Sequence[str], terms: "Terms") -> "Tried":
    """Run a command that runs pytest as it is, and then with another model. Raises InputError."""
    from pytest_claude_budget.advice.tried import tried

    model = terms.rates.find(spelled)
    if model is None:
        from pytest_claude_budget.pricing.model_hints import did_you_mean

        hint = did_you_mean(spelled, terms.rates) or "claude-budget rates shows them all"
        what = f"expected a model of the rate table, got {spelled[:80]!r}"
        raise InputError(Problem(slug="unknown-model", where="--try", what=what, hint=hint))
    if not command or _UPDATE in command:
        what = "expected the command that runs your tests behind two dashes"
        what += f", without {_UPDATE}" if command else ""
        hint = "such as claude-budget advise --try claude-haiku-4-5 -- pytest tests/triage"
        raise InputError(Problem(slug="no-command", where="--try", what=what, hint=hint))
    before = _run(command, {})
    return tried(model.name, before, _run(command, {TRY_VARIABLE: spelled}))


def _run(command: Sequence[str], told: Mapping[str, str]) -> "Ran":
    """Run the command, and read the report that its pytest writes."""
    from pytest_claude_budget.advice.tried import Ran
    from pytest_claude_budget.files.load import load_report

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "report.json")
        options = [f"--claude-budget-report=json:{path}", *(["-p", _PLUGIN] if told else [])]
        added = " ".join(filter(None, (os.environ.get(_OPTIONS, ""), *map(shlex.quote, options))))
        try:
            env = {**os.environ, **told, _OPTIONS: added}
            subprocess.run([*command], env=env, stdout=_STDERR, check=False)  # noqa: S603  # the user's own command
        except OSError as error:
            what = f"the command cannot be run: {error.strerror or error}"
            raise InputError(_no_command(command, what)) from None
        if not path.exists():
            raise InputError(
                _no_command(command, "expected it to run pytest with this plugin, and no report was written")
            )
        loaded = load_report(str(path))
    totals = loaded.sums.totals
    return Ran(record=loaded.record, selection=loaded.run.selection, cost=totals.cost, at_least=totals.at_least)


def _no_command(command: Sequence[str], what: str) -> Problem:
    hint = "name what runs your tests, such as pytest tests/triage, where pytest-claude-budget is installed"
    return Problem(slug="no-command", where=shlex.join(command)[:200], what=what, hint=hint)
