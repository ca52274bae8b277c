"""`comment`, which posts a report on a pull request, and `action`, which is what `action.yml` runs."""

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING

from pytest_claude_budget.base.errors import InputError, Problem
from pytest_claude_budget.cli.common import Commands, add_command, count, put_out, refuse_without_extra
from pytest_claude_budget.github.comment_mode import DEFAULT_TAG, Mode

if TYPE_CHECKING:
    from pytest_claude_budget.github.which_comment import Wanted


def add_comment(commands: Commands) -> None:
    """Add `comment`."""
    help_ = "post a JSON report on a pull request, or bring the comment there up to date"
    parser = add_command(commands, "comment", help_, "claude-budget comment verdict.json --pull-request 7")
    parser.add_argument("report", metavar="REPORT", help="JSON report, as gate --output json:PATH writes it")
    parser.add_argument("--pull-request", type=count, required=True, metavar="N")
    parser.add_argument("--repository", metavar="OWNER/NAME", help="[$GITHUB_REPOSITORY]")
    parser.add_argument("--tag", default=DEFAULT_TAG, help="tells several budgets of a repository apart")
    parser.add_argument("--title", default="", help="a line above the report")
    modes = [mode.value for mode in Mode if mode is not Mode.OFF]
    parser.add_argument("--mode", choices=modes, default="update", help="what becomes of an earlier comment [update]")
    parser.add_argument(
        "--dry-run", action="store_true", help="print it and where it would go: no token, nothing posted"
    )
    parser.set_defaults(command=_comment)


def add_action(commands: Commands) -> None:
    """Add `action`."""
    help_ = "do what the GitHub Action does, from the environment that action.yml gives"
    parser = add_command(commands, "action", help_, "claude-budget action")
    parser.set_defaults(command=_action)


def _comment(options: argparse.Namespace) -> int:
    import os
    import sys
    import time

    from pytest_claude_budget.github.api import github_from
    from pytest_claude_budget.github.failures import ApiFailureError
    from pytest_claude_budget.github.publish import publish

    if options.dry_run:
        _show(options, _said(options, os.environ), os.environ)
        return 0
    refuse_without_extra("comment", "action", "github")
    said = _said(options, os.environ)
    github = github_from(os.environ, os.environ.get("GITHUB_TOKEN", ""), options.repository)
    if github is None:
        hint = "set GITHUB_TOKEN to a token that may write to pull requests; --dry-run needs none"
        raise InputError(Problem(slug="no-token", where="GITHUB_TOKEN", what="a comment needs a token", hint=hint))
    try:
        posted = publish(github, options.pull_request, said, time.sleep)
    except ApiFailureError as failure:
        print(failure, file=sys.stderr)
        return 2
    print(f"{posted.reason}: {posted.url}" if posted.url else posted.reason)
    return 0


def _said(options: argparse.Namespace, environ: Mapping[str, str]) -> "Wanted":
    """What is to be said on the pull request. Raises InputError."""
    from pathlib import Path

    from pytest_claude_budget.files.read_write import read_json
    from pytest_claude_budget.github.event import event_from
    from pytest_claude_budget.github.inputs import PREFIX, inputs_from
    from pytest_claude_budget.github.page import acceptance, comment_text, heading, wanted
    from pytest_claude_budget.github.reports import valid_document
    from pytest_claude_budget.github.which_comment import Marker
    from pytest_claude_budget.judge.read_report import read_report

    said = {"TAG": options.tag, "TITLE": options.title, "COMMENT": options.mode}
    inputs = inputs_from({f"{PREFIX}{name}": value for name, value in said.items()})
    value = read_json(Path(options.report), options.report)
    read_report(value, options.report)  # says of a lock file what it is
    document = valid_document(value, options.report)
    text = comment_text(document, heading(inputs.title, inputs.tag), [acceptance(document, ())], beside_summary=False)
    marker = Marker(tag=inputs.tag, key=event_from(environ, {}).key)
    return wanted(document, marker, text, inputs.comment, "in the JSON report")


def _show(options: argparse.Namespace, said: "Wanted", environ: Mapping[str, str]) -> None:
    """Print what would be posted, and where. Which comments are there already is not asked."""
    from pytest_claude_budget.github.connection import repository_from

    repository = repository_from(environ, options.repository)
    first = _FIRST[options.mode] if said.worth_a_first else "only where a comment is there already: nothing changed"
    put_out(f"would be posted on {repository}, pull request {options.pull_request}: {first}\n\n{said.body.rstrip()}")


_FIRST = {
    "update": "in the place of the comment that is there, else as a new one",
    "new": "as a new comment",
    "hide-and-new": "as a new comment, and those that are there are folded",
}


def _action(_options: argparse.Namespace) -> int:
    import os
    import time
    from pathlib import Path

    refuse_without_extra("action", "action", "github", "github_action_utils")
    if not os.environ.get("RUNNER_TEMP"):
        what, hint = "expected a GitHub runner, which sets this variable", "elsewhere use the commands gate and comment"
        raise InputError(Problem(slug="no-runner", where="RUNNER_TEMP", what=what, hint=hint))
    from pytest_claude_budget.github import runner
    from pytest_claude_budget.github.api import github_from
    from pytest_claude_budget.github.checkout import safe_anywhere
    from pytest_claude_budget.github.event import event_from
    from pytest_claude_budget.github.flow import Here, judge, payload_of, relay
    from pytest_claude_budget.github.inputs import inputs_from

    below = ""
    try:
        inputs = inputs_from(os.environ)
        event = event_from(os.environ, payload_of(os.environ.get("GITHUB_EVENT_PATH", "")))
        workspace = Path(os.environ.get("GITHUB_WORKSPACE", ".")).resolve()
        below = inputs.working_directory
        if not (workspace / below).is_dir():
            what, hint = f"expected a folder of the checkout, got {below[:80]!r}", "correct it in the workflow file"
            raise InputError(Problem(slug="bad-input", where="input working-directory", what=what, hint=hint))
        folder = Path(os.environ["RUNNER_TEMP"], f"claude-budget-{inputs.tag}").resolve()
        folder.mkdir(parents=True, exist_ok=True)
        os.environ.update(safe_anywhere(os.environ))  # the gate asks git as well
        os.chdir(workspace / below)
        here = Here(
            workspace=workspace,
            folder=folder,
            environ=os.environ,
            github=github_from(os.environ, inputs.token, None),
            pause=time.sleep,
        )
        return (relay if event.name == "workflow_run" else judge)(inputs, event, here)
    except InputError as error:
        for problem in error.problems:
            runner.complain(problem, below)
        return 2
