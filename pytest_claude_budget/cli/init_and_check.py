"""`init` and `check`: budget files, written and checked."""

import argparse
from pathlib import Path

from pytest_claude_budget.base.errors import InputError, Problem
from pytest_claude_budget.cli.common import DEFAULT_FILE, PYTESTS_FILE, Commands, add_command, budget_here, put_out
from pytest_claude_budget.cli.init_from_report import add_drafting, draft_from_report, wants_a_report


def add_init(commands: Commands) -> None:
    """Add `init`."""
    help_ = "write a commented budget file to start from, with limits from what a run used if one is given"
    example = "claude-budget init\n  claude-budget init --from claude-cost.json --headroom 20%"
    parser = add_command(commands, "init", help_, example)
    parser.add_argument("path", nargs="?", help=f"where to write it [{DEFAULT_FILE} at pytest's rootdir]")
    parser.add_argument("--force", action="store_true", help="replace a file that is there")
    add_drafting(parser)
    parser.set_defaults(command=_init)


def add_check(commands: Commands) -> None:
    """Add `check`."""
    help_ = "check that budget files are right, and say what is wrong with them and where"
    parser = add_command(commands, "check", help_, "claude-budget check claude-budget.yml")
    parser.add_argument("paths", nargs="*", metavar="PATH", help=f"[{PYTESTS_FILE}]")
    parser.set_defaults(command=_check)


def _init(options: argparse.Namespace) -> int:
    from pytest_claude_budget.files.read_write import write_atomically
    from pytest_claude_budget.files.starter import starter_budget

    if options.path is None:
        options.path = budget_here() or _at_rootdir()
    path = Path(options.path)
    if wants_a_report(options):
        return draft_from_report(options, path)
    if path.exists() and not options.force:
        hint = "edit it, or write it anew with --force"
        raise InputError(Problem(slug="file-exists", where=options.path, what="there is a file already", hint=hint))
    write_atomically(path, starter_budget(), makes_folders=False)
    taken = budget_here()
    run = (
        "pytest" if taken is not None and Path(taken).resolve() == path.resolve() else f"pytest --claude-budget={path}"
    )
    put_out(f"wrote {options.path}: read it, set your limits, then run {run}")
    return 0


def _at_rootdir() -> str:
    from pytest_claude_budget.files.rootdir import project_of, seen_from

    return seen_from(project_of(Path.cwd()).rootdir / DEFAULT_FILE, Path.cwd())


def _check(options: argparse.Namespace) -> int:
    from pytest_claude_budget.files.budget_file import load_budget
    from pytest_claude_budget.files.rates_file import rates_of
    from pytest_claude_budget.pricing.model_hints import unmet_match

    problems: list[Problem] = []
    for shown in options.paths or [budget_here() or DEFAULT_FILE]:
        try:
            budget, _ = load_budget(Path(shown), shown)
            rates = rates_of(budget, Path(shown).parent)
        except InputError as error:
            problems += error.problems
        else:
            limits = len(budget.limits)
            put_out(f"{shown}: fine, {limits} limit{'' if limits == 1 else 's'}")
            matches = {limit.match: limit.where for limit in budget.limits if limit.scope == "model" and limit.match}
            for match, where in matches.items():
                if said := unmet_match(match, rates):
                    put_out(f"{where}: warning: {said}")
    if problems:
        raise InputError(*problems)
    return 0
