"""Which test was which before: the same choice as by comparing all with all, in a time that grows with their number."""

from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_claude_budget.compare.renames import renamed_owners
from pytest_claude_budget.record.record import Record
from pytest_claude_budget.record.selection import Selection
from tests.builders.records import group, owner, record, usage
from tests.builders.tries import tries

ASKS = ('{"messages":"m:1"}', '{"messages":"m:2"}', None)
PARTS = st.sampled_from(["a", "b", "old/", "new/", "t.py::", "x", "[1]", "[2]", "]", "\U0010ffff", ""])
NAMES = st.lists(PARTS, min_size=1, max_size=5).map("".join).filter(bool)
SIDE = st.dictionaries(NAMES, st.tuples(st.sampled_from(ASKS), st.sampled_from(["test", "fixture"])), max_size=30)


def made(side: dict[str, tuple[str | None, str]]) -> Record:
    """Owners who ask what is said."""
    return record(*(owner(name, group(usage(1), request=said), kind=kind) for name, (said, kind) in side.items()))


def by_all_pairs(before: Record, after: Record) -> dict[str, str]:
    """What is meant, without any haste: each new id takes the old one with the longest common end, the last of equals."""

    def alike(one: str, other: str) -> int:
        return max(size for size in range(min(len(one), len(other)) + 1) if not size or one[-size:] == other[-size:])

    left = {name for name in before.owners if name not in after.owners}
    chosen = {}
    for name in sorted(name for name in after.owners if name not in before.owners):
        new = after.owners[name]
        fitting = [old for old in left if before.owners[old].kind == new.kind and new.groups[0].request is not None]
        fitting = [old for old in fitting if before.owners[old].groups[0].request == new.groups[0].request]
        if fitting:
            old = max(fitting, key=lambda each: (alike(name, each), each))
            left.remove(old)
            chosen[name] = old
    return chosen


@given(SIDE, SIDE)
@settings(max_examples=tries(400), deadline=None)
def test_the_choice_is_that_of_comparing_all_with_all(
    before: dict[str, tuple[str | None, str]], after: dict[str, tuple[str | None, str]]
) -> None:
    """Ends that are alike, ends of ends, names that are in both, owners that ask nothing known."""
    one, other = made(before), made(after)
    assert renamed_owners(one, other, Selection()) == by_all_pairs(one, other)


@given(
    st.sets(st.text("ab\U0010ffff", min_size=1, max_size=6), min_size=5, max_size=40),
    st.text("ab\U0010ffff", max_size=4),
)
@settings(max_examples=tries(300), deadline=None)
def test_many_that_end_alike_are_told_apart_as_few_are(names: set[str], end: str) -> None:
    """All of them ask the same."""
    before = made({f"old/{name}{end}": (ASKS[0], "test") for name in names})
    after = made({f"new/{name[::-1]}{end}": (ASKS[0], "test") for name in names})
    assert renamed_owners(before, after, Selection()) == by_all_pairs(before, after)


def test_a_folder_of_many_tests_that_ask_the_same_is_renamed_in_a_moment() -> None:
    """Each keeps its name. All with all, these would be 400 million comparisons."""
    names = [f"test_{number % 200}.py::test_case[{number}]" for number in range(20_000)]
    before = made({f"tests/old/{name}": (ASKS[0], "test") for name in names})
    after = made({f"tests/new/{name}": (ASKS[0], "test") for name in names})
    found = renamed_owners(before, after, Selection())
    assert found == {f"tests/new/{name}": f"tests/old/{name}" for name in names}
