"""The action from its inputs to its exit status, step by step.

0 within, warned, unjudged, or what `fail-on` lets pass; 1 over; 2 bad input; 3 incomplete. The API never decides it.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pytest_claude_budget.base.errors import InputError, Problem
from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.files.another_folder import refuse_another_folder
from pytest_claude_budget.files.deferred_verdict import handed_over
from pytest_claude_budget.files.load import Terms, baseline_at, load_terms
from pytest_claude_budget.files.read_write import write_atomically
from pytest_claude_budget.github import runner
from pytest_claude_budget.github.annotations import NOT_COMPARED, annotations_of, outputs_of
from pytest_claude_budget.github.api import GitHub, PullRequest
from pytest_claude_budget.github.baseline import Around, Found, find_baseline
from pytest_claude_budget.github.checkout import Checkout, git_environ
from pytest_claude_budget.github.codeowners import PLACES, owners_of
from pytest_claude_budget.github.comment_mode import Mode
from pytest_claude_budget.github.event import Event
from pytest_claude_budget.github.failures import ApiFailureError
from pytest_claude_budget.github.gate import (
    Committed,
    committed_lock,
    judged,
    load_reports,
    write_combined,
)
from pytest_claude_budget.github.inputs import BaselineKind, FailOn, Inputs
from pytest_claude_budget.github.labels import accepted_by
from pytest_claude_budget.github.page import acceptance, comment_text, heading, in_repository, summary_text, wanted
from pytest_claude_budget.github.publish import publish
from pytest_claude_budget.github.reports import find_reports, foreign_report
from pytest_claude_budget.github.run_suite import run_suite
from pytest_claude_budget.github.through_time import through_time
from pytest_claude_budget.github.which_comment import Marker
from pytest_claude_budget.judge.report import CostReport
from pytest_claude_budget.record.lock_format import Known
from pytest_claude_budget.record.record import LOCK_FILE
from pytest_claude_budget.render.report_kinds import document_of
from pytest_claude_budget.render.terminal import terminal_lines
from pytest_claude_budget.render.terminal_text import counted

OVER, BAD_INPUT, INCOMPLETE = 1, 2, 3
DEFAULT_REPORT = "claude-budget-report.json"


@value_class(frozen=True, kw_only=True, slots=True)
class Here:
    """Where the action runs, and what it works with."""

    workspace: Path
    folder: Path
    """Of our own files, one for each tag."""
    environ: Mapping[str, str]
    github: GitHub | None
    """None without a token."""
    pause: Callable[[float], None]


def _set_folder(folder: str) -> str:
    return f"set working-directory: {folder or 'to the folder in which pytest ran'}; report: is then relative to it"


def judge(inputs: Inputs, event: Event, here: Here) -> int:
    """Judge what a run measured, and say so everywhere. Raises InputError where there is nothing to judge."""
    try:
        report = load_reports(_reports(inputs, here))
    except InputError:
        _refuse_what_the_run_refused(inputs)
        raise
    terms = load_terms(inputs.budget or None)
    if not inputs.budget:  # else somebody has said by what it is judged
        refuse_another_folder(report, terms, Path.cwd(), _set_folder)
    pull, failure = _pull_request(event, here)
    around = _around(inputs, here, terms)
    found = find_baseline(inputs, event, around)
    label = accepted_by(inputs.accept_label, event, pull, here.github)
    document = _gate(here, judged(report, terms, found, _lock(inputs, event, around, report.known), label.reason))
    if inputs.run.strip():
        refuse_what_was_left_out(handed_over(here.folder / "judged-later"), document)
    owners = _codeowners(found, around)
    notes = [acceptance(document, owners), found.note]
    status = BAD_INPUT if found.problem is not None else status_of(document["verdict"]["outcome"], inputs.fail_on)
    head, page = heading(inputs.title, inputs.tag), {**in_repository(document, around.prefix), "fails": bool(status)}
    text = comment_text(page, head, notes)
    runner.summarise(summary_text(page, head, [*notes, through_time(around.checkout, terms)]))
    told = annotations_of(document, around.prefix)
    if found.problem is not None:  # then that is told, at the end
        told = [each for each in told if each.title != NOT_COMPARED]
    runner.annotate(told)
    if label.problem is not None:
        runner.warn(label.problem)
    comment_file = here.folder / "comment.md"
    write_atomically(comment_file, text)
    url = _comment(inputs, event, here, _Said(document=document, text=text, pull=pull, failure=failure))
    report_file = here.folder / "report.json"
    files = {"comment-url": url, "comment-file": str(comment_file), "report": str(report_file)}
    runner.set_outputs({**outputs_of(document), **files})
    if found.problem is not None:
        runner.complain(found.problem)
    return status


def refuse_what_was_left_out(runs: Sequence[str], document: Mapping[str, Any]) -> None:
    """Raises InputError where a run that its cost would have failed is none of those that were judged."""
    left = [run for run in dict.fromkeys(runs) if run not in document["run"]["ids"]]
    if left:
        what = f"{counted(len(left), 'run')} under run: failed by cost, and no report that is judged here is of it"
        hint = "where run: starts pytest several times, give each a --claude-budget-report=json:PATH, and all paths under report:"
        raise InputError(Problem(slug="unjudged-run", where="input report", what=what, hint=hint))


def status_of(outcome: str, fail_on: FailOn) -> int:
    """The exit status of a verdict."""
    if outcome == "over" and fail_on is not FailOn.NEVER:
        return OVER
    return INCOMPLETE if outcome == "incomplete" and fail_on is FailOn.INCOMPLETE else 0


def relay(inputs: Inputs, event: Event, here: Here) -> int:
    """Post what the run of a fork's pull request measured. Nothing of its artifact is trusted but the form of a report."""
    run = event.foreign
    if run is None or not run.event.startswith("pull_request") or run.repository == event.repository:
        runner.log("not the run of a fork's pull request: it has said all itself")
        return 0
    document = foreign_report(inputs.report, here.workspace / inputs.working_directory)
    if here.github is None:
        raise InputError(_no_token())
    page = {**document, "fails": None}  # its own `fail-on` is not in the report
    text = comment_text(page, heading(inputs.title, inputs.tag), [acceptance(document, ())])
    try:
        pull = here.github.open_pull_request(run.head, run.head_sha)
        if pull is None:
            runner.log("no open pull request has this run's commit as its newest: nothing is posted")
            return 0
        marker = Marker(tag=inputs.tag, key=run.key)
        posted = publish(here.github, pull.number, wanted(document, marker, text, inputs.comment), here.pause)
    except ApiFailureError as failure:
        runner.complain(failure.problem)
        return OVER
    runner.log(f"comment: {posted.reason} {posted.url}")
    runner.set_outputs({"comment-url": posted.url})
    return 0


@value_class(frozen=True, kw_only=True, slots=True)
class _Said:
    document: Mapping[str, Any]
    text: str
    pull: PullRequest | None
    failure: ApiFailureError | None


def why_no_comment(inputs: Inputs, event: Event, pull: PullRequest | None) -> str:
    """Why nothing is posted, before the API is asked; empty where something may be."""
    if inputs.comment is Mode.OFF:
        return "comments are off"
    if event.pull_request is None:
        return "this run belongs to no pull request"
    if event.fork:
        return "the pull request comes from a fork, whose token may only read: see examples/workflows/comment-from-fork.yml"
    if not inputs.token:
        return "there is no github-token"
    if pull is not None and pull.head_sha != event.head_sha:
        return "the pull request has a newer commit, whose own run reports"
    return ""


def _comment(inputs: Inputs, event: Event, here: Here, said: _Said) -> str:
    """Post; returns the comment's address. A failure is one warning, and changes nothing else."""
    reason = why_no_comment(inputs, event, said.pull)
    if reason or event.pull_request is None or here.github is None:
        runner.log(f"no comment: {reason}")
        return ""
    marker = Marker(tag=inputs.tag, key=event.key)
    wish = wanted(said.document, marker, said.text, inputs.comment)
    try:
        if said.failure is not None:
            raise said.failure
        posted = publish(here.github, event.pull_request, wish, here.pause)
    except ApiFailureError as failure:
        runner.warn(failure.problem)
        return ""
    runner.log(f"comment: {posted.reason} {posted.url}")
    return posted.url


def _pull_request(event: Event, here: Here) -> tuple[PullRequest | None, ApiFailureError | None]:
    """The pull request as it is now; the event may be old, of a run that was started again."""
    if event.pull_request is None or here.github is None:
        return None, None
    try:
        return here.github.pull_request(event.pull_request), None
    except ApiFailureError as failure:
        return None, failure


def _refuse_what_the_run_refused(inputs: Inputs) -> None:
    """Raises InputError for a bad budget or lock file: with one of those pytest ends before it writes a report."""
    load_terms(inputs.budget or None)
    baseline_at(None)


def _reports(inputs: Inputs, here: Here) -> list[Path]:
    """The report that the run gave; several where there are shards."""
    if inputs.run.strip() and not inputs.report:
        return find_reports(str(here.folder / "run.json"), here.folder)[:1]
    return find_reports(inputs.report or DEFAULT_REPORT, Path.cwd())


def _around(inputs: Inputs, here: Here, terms: Terms) -> Around:
    def run_base(tree: Path) -> Path:
        written = here.folder / "base.json"
        with runner.quiet("the suite on the base"):
            run_suite(inputs.run, tree, here.environ, written if not inputs.report else None)
        paths = find_reports(inputs.report or str(written), tree)
        return write_combined(paths, terms, here.folder / "base-combined.json")

    server = here.environ.get("GITHUB_SERVER_URL", "https://github.com")
    checkout = Checkout(folder=Path.cwd(), environ=git_environ(here.environ, server, inputs.token))
    prefix = checkout.prefix()
    return Around(
        checkout=checkout,
        folder=here.folder,
        prefix=inputs.working_directory if prefix is None else prefix,
        archives=here.github,
        run_base=run_base,
    )


def _lock(inputs: Inputs, event: Event, around: Around, known: Known | None) -> Committed | None:
    """A lock file speaks for a change, also in the queue and once merged; never against itself."""
    itself = event.compares_with_itself and inputs.baseline is BaselineKind.LOCK
    return None if itself else committed_lock(around, known)


def _gate(here: Here, report: CostReport) -> Mapping[str, Any]:
    """Show the report in the log and write it; returns it as others read it."""
    text = document_of(report, "json")
    with runner.quiet("claude-budget gate"):
        runner.show([line.text for line in terminal_lines(report, 79)] or ["no Claude calls: nothing to judge"])
    write_atomically(here.folder / "report.json", text)
    document: Mapping[str, Any] = json.loads(text)
    return document


def _codeowners(found: Found, around: Around) -> list[str]:
    """Who owns the lock file, as the base has it: a change does not say who may accept it."""
    if not found.commit:
        return []
    try:
        texts = (around.checkout.text_at(found.commit, place) for place in PLACES)
        text = next((each for each in texts if each is not None), "")
    except InputError as error:  # it is only told, and decides nothing
        runner.log(f"nobody is named who may accept: {error.problems[0].what}")
        return []
    return owners_of(Path(around.prefix, LOCK_FILE).as_posix(), text)


def _no_token() -> Problem:
    return Problem(
        slug="no-token",
        where="input github-token",
        what="a comment needs a token",
        hint="leave the input out, or give a token that may write to pull requests",
    )


def payload_of(path: str) -> Mapping[str, Any]:
    """The event's payload; GitHub writes it."""
    if not path:
        return {}
    found: Mapping[str, Any] = json.loads(Path(path).read_text("utf-8"))
    return found
