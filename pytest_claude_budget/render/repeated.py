"""What the runner did more than once, in sentences that terminal, JSON and Markdown share."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from pytest_claude_budget.base.money import dollars, to_json
from pytest_claude_budget.record.lock_text import groups_text
from pytest_claude_budget.record.repeats import Repeat


def repeat_text(repeats: Sequence[Repeat]) -> str:
    """Say how often one owner was run or set up, and which time is compared; empty where nothing was repeated."""
    one, times = repeats[0], sum(repeat.times for repeat in repeats)
    if one.benchmark > 1:
        return f"{one.owner} is {_benchmark(one)}"
    if times == len(repeats):
        return ""
    least, most = min(repeat.least for repeat in repeats), max(repeat.most for repeat in repeats)
    unsure = "at least " if any(repeat.at_least for repeat in repeats) else ""
    each = f"{unsure}{dollars(most)} each" if least == most else f"{unsure}{dollars(least)} to {dollars(most)}"
    often = "twice" if times == 2 else f"{times:,} times"
    if one.kind == "test":
        if one.workers == times:
            return f"{one.owner} ran in {times:,} workers, {each}: one of them is compared"
        return f"{one.owner} ran {often}, {each}: the last time is compared"
    if len(repeats) > 1:
        return f"{one.owner} was set up {often} for {len(repeats):,} places, {each}: each place is compared once"
    where = f"in {times:,} workers" if one.workers == times else often
    which = "one of them is compared" if least == most else "the dearest is compared"
    return f"{one.owner} was set up {where}, {each}: {which}"


def _benchmark(one: Repeat) -> str:
    """How often says how fast the machine was, and nothing of the code."""
    cost = f"{dollars(one.least)} to " if one.least != one.most else ""
    cost = f"{'at least ' if one.at_least else ''}{cost}{dollars(one.most)}"
    return (
        f"repeated by a benchmark, {one.benchmark:,} calls for {cost}: one call of each kind is compared, not how many;"
        " pytest --benchmark-disable runs it once"
    )


def repeat_texts(repeats: Sequence[Repeat]) -> list[str]:
    """A sentence for each owner that was repeated."""
    return [text for own in _by_owner(repeats) if (text := repeat_text(own))]


def repeat_entries(repeats: Sequence[Repeat]) -> Iterator[dict[str, Any]]:
    """Repeats as plain JSON values; the first of each owner has its sentence."""
    for own in _by_owner(repeats):
        for at, repeat in enumerate(own):
            entry: dict[str, Any] = {
                "owner": repeat.owner,
                "kind": repeat.kind,
                "place": repeat.place,
                "times": repeat.times,
                "workers": repeat.workers,
                "least": to_json(repeat.least),
                "most": to_json(repeat.most),
                "at_least": repeat.at_least,
                "benchmark": repeat.benchmark,
                "text": "" if at else repeat_text(own),
            }
            yield {**entry, "groups": json.loads(groups_text(repeat.groups))}


def _by_owner(repeats: Sequence[Repeat]) -> list[list[Repeat]]:
    found: dict[tuple[str, str], list[Repeat]] = {}
    for repeat in repeats:
        found.setdefault((repeat.kind, repeat.owner), []).append(repeat)
    return list(found.values())
