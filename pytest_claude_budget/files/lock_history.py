"""The lock file as it was: each version of it on the way of first parents, from git."""

import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from pytest_claude_budget.base.errors import InputError, Problem
from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.files.baseline_file import lock_value, record_of
from pytest_claude_budget.files.git import LONGEST_SECONDS, Repository, failed, without_places
from pytest_claude_budget.files.read_write import decoded, parse_json
from pytest_claude_budget.pricing.rates import RateTable
from pytest_claude_budget.record.history import costs
from pytest_claude_budget.record.lock_format import Known
from pytest_claude_budget.record.record import Record
from pytest_claude_budget.render.history import Point
from pytest_claude_budget.render.terminal_text import printable

_MARK, _BETWEEN = "\x01", "\x1f"
_FORMAT = f"--format={_MARK}%h{_BETWEEN}%cI{_BETWEEN}%s"


@value_class(frozen=True, kw_only=True, slots=True)
class Version:
    """What the lock file was from one commit on."""

    commit: str
    """Abbreviated."""
    at: str
    """When it was committed, ISO 8601 with its offset."""
    subject: str
    record: Record | None
    """None where the file was removed, or cannot be read."""
    problem: str = ""
    """Why it cannot be read."""


@value_class(frozen=True, kw_only=True, slots=True)
class _Change:
    commit: str
    at: str
    subject: str
    blob: str
    """Empty where the file was removed."""


@value_class(frozen=True, kw_only=True, slots=True)
class Bounds:
    """How far back to look, and for how long."""

    since: str | None = None
    """A moment, as git takes it."""
    most: int | None = None
    """So many versions, the newest."""
    seconds: float = LONGEST_SECONDS
    """For each command of git."""


def points_of(lock: Path, ref: str, rates: RateTable, day: date, bounds: Bounds | None = None) -> list[Point]:
    """Each version of a lock file and what it comes to at one table, oldest first. Raises InputError where git cannot tell."""
    found = list(versions(lock.absolute(), ref, bounds or Bounds()))
    return [
        Point(commit=each.commit, at=each.at, subject=each.subject, cost=cost, problem=each.problem)
        for each, cost in zip(found, costs((each.record for each in found), rates, day), strict=True)
    ]


def versions(lock: Path, ref: str, bounds: Bounds) -> Iterator[Version]:
    """Each version that differs from the one before, oldest first. Raises InputError where git cannot tell."""
    repository = Repository(folder=lock.parent, environ=without_places(os.environ), seconds=bounds.seconds)
    changes = _changes(repository, lock.name, ref, bounds)
    blobs = dict(_blobs(repository, list(dict.fromkeys(each.blob for each in changes if each.blob))))
    known: Known | None = None
    for each in changes:
        head = {"commit": each.commit, "at": each.at, "subject": each.subject}
        if not each.blob:
            yield Version(**head, record=None)
            continue
        shown = f"{each.commit}:{lock.name}"
        try:
            value = lock_value(parse_json(decoded(blobs[each.blob], shown), shown), shown)
            record = record_of(value, shown, known)
        except InputError as error:
            yield Version(**head, record=None, problem=str(error).partition("\n")[0])
            continue
        if isinstance(value, dict):
            known = Known(value["owners"], record.owners)
        yield Version(**head, record=record)


def _changes(repository: Repository, name: str, ref: str, bounds: Bounds) -> list[_Change]:
    options = [_FORMAT, "--first-parent", "-m", "--raw", "--no-renames", "--no-color", "--no-ext-diff"]
    options += [f"--since={bounds.since}"] if bounds.since is not None else []
    options += [f"--max-count={bounds.most}"] if bounds.most is not None else []
    answer = repository.ask("log", *options, "--end-of-options", ref, "--", name)
    if answer.status:
        raise InputError(_refused(ref, failed(f"git:{printable(ref)}", "log", answer)))
    found: list[_Change] = []
    for entry in answer.text.split(_MARK)[1:]:
        head, *rows = entry.splitlines()
        commit, at, subject = head.split(_BETWEEN, 2)
        raw = next((row for row in rows if row.startswith(":")), None)
        if raw is not None:
            blob = raw.split()[3]
            found.append(_Change(commit=commit, at=at, subject=subject, blob="" if set(blob) == {"0"} else blob))
    return found[::-1]


def _refused(ref: str, problem: Problem) -> Problem:
    """With a hint that fits: nothing is compared here."""
    hint = (
        "name a branch, tag or commit of this repository; a shallow checkout has only the newest: git fetch --unshallow"
    )
    return Problem(slug=problem.slug, where=f"git:{printable(ref)}", what=problem.what, hint=hint)


def _blobs(repository: Repository, names: list[str]) -> Iterator[tuple[str, bytes]]:
    """What objects hold. Raises InputError."""
    if not names:
        return
    asked = "".join(f"{name}\n" for name in names).encode()
    answer = repository.ask("cat-file", "--batch", given=asked)
    if answer.status:
        raise InputError(failed("git", "cat-file", answer))
    data, at = answer.out, 0
    for name in names:
        end = data.index(b"\n", at)
        words = data[at:end].split(b" ")
        if len(words) != 3:  # `NAME missing`: a partial clone that cannot fetch
            raise InputError(failed(name[:12], "cat-file", answer))
        length = int(words[2])
        yield name, data[end + 1 : end + 1 + length]
        at = end + 2 + length
