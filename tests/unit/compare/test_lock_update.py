"""What a baseline becomes: updated by a run, merged from two branches, found stale."""

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_claude_budget.compare.lock_update import merge, stale, update
from pytest_claude_budget.record.lock_format import read_record
from pytest_claude_budget.record.lock_text import lock_text
from pytest_claude_budget.record.record import OwnerRecord, Record, Samples, in_order
from pytest_claude_budget.record.selection import Selection
from tests.builders.records import HAIKU, group, owner, record, usage
from tests.builders.tries import tries

WHOLE = Selection()
LOCK = json.loads((Path(__file__).parents[3] / "schemas" / "lock.schema.json").read_text(encoding="utf-8"))


def entry(name: str, output: int = 100, *, live: bool = False, text: str = "m", length: int = 9) -> OwnerRecord:
    """One call."""
    said = json.dumps({"messages": f"{text}:{length}"})
    return owner(name, group(usage(1000, output), HAIKU, live=int(live), request=said))


def test_the_first_update_takes_all_and_says_so() -> None:
    """One sentence."""
    found = update(None, record(entry("a"), entry("b")), WHOLE)
    assert set(found.record.owners) == {"a", "b"}
    assert found.sentence("claude-budget.lock.json") == "claude-budget.lock.json: 2 tests added"


def test_an_update_says_what_it_changed() -> None:
    """Added, changed, removed, unchanged."""
    old = record(entry("a"), entry("b"), entry("c"))
    found = update(old, record(entry("a"), entry("b", 200), entry("d", text="n")), WHOLE)
    assert found.sentence("lock") == "lock: 1 test added, 1 changed, 1 removed (1 unchanged)"
    assert update(old, old, WHOLE).sentence("lock") == "lock: nothing changed (3 unchanged)"


def test_an_update_tells_a_test_that_makes_no_calls_any_more_from_one_that_is_gone() -> None:
    """Be its cost known or not. Of one that failed as expected nobody knows whether it would make calls."""
    unknown = owner("b", group(usage(), "claude-2.1", unknown=1, request="{}"))
    old = record(entry("a"), unknown, entry("c"), entry("d"))
    one = update(old, record(entry("a"), entry("d")), Selection(ran=frozenset({"a", "b", "d"})))
    assert one.sentence("lock") == "lock: 1 removed, 1 makes no calls any more and was removed (2 unchanged)"
    both = update(old, record(entry("a"), entry("d")), Selection(ran=frozenset({"a", "b", "c", "d"})))
    assert both.sentence("lock") == "lock: 2 make no calls any more and were removed (2 unchanged)"
    assert set(both.record.owners) == {"a", "d"}
    expected = Selection(ran=frozenset({"a", "b", "d"}), xfailed=frozenset({"b"}))
    assert update(old, record(entry("a"), entry("d")), expected).sentence("lock") == "lock: 2 removed (2 unchanged)"


def test_a_renamed_test_keeps_its_samples() -> None:
    """It asks what one asked that is gone; where that one only did not run, it is new."""
    once = update(None, record(entry("a", 100, live=True), entry("b")), WHOLE).record
    moved = record(entry("z", 201, live=True), entry("b"))
    found = update(once, moved, WHOLE)
    assert found.sentence("lock") == "lock: 1 renamed (1 unchanged)"
    assert set(found.record.owners) == {"b", "z"}
    assert found.record.owners["z"].groups[0].samples == Samples(count=2, total=301, squares=50_401)
    partly = update(once, moved, Selection(skipped=frozenset({"a"})))
    assert partly.sentence("lock") == "lock: 1 test added (1 unchanged; 1 kept as it was, since it did not run)"


def test_a_part_of_the_suite_updates_only_what_ran() -> None:
    """And says that the rest was kept."""
    old = record(entry("tests/a.py::t"), entry("tests/b.py::t"))
    found = update(old, record(entry("tests/a.py::t", 300)), Selection(paths=("tests/a.py",)))
    assert set(found.record.owners) == {"tests/a.py::t", "tests/b.py::t"}
    assert found.sentence("lock") == "lock: 1 changed (1 kept as it was, since it did not run)"


def test_live_runs_add_samples_and_keep_the_mean() -> None:
    """100 and 201: the mean is 150.5, which is 151 tokens."""
    once = update(None, record(entry("a", 100, live=True)), WHOLE).record
    twice = update(once, record(entry("a", 201, live=True)), WHOLE)
    (kept,) = twice.record.owners["a"].groups
    assert kept.samples == Samples(count=2, total=301, squares=10_000 + 40_401)
    assert kept.usage.output_tokens == 151
    assert twice.sentence("lock") == "lock: 1 sampled once more"


def test_a_changed_request_begins_its_samples_anew() -> None:
    """Answers to another question say nothing of this one."""
    once = update(None, record(entry("a", 100, live=True)), WHOLE).record
    found = update(once, record(entry("a", 300, live=True, text="n", length=200)), WHOLE)
    (kept,) = found.record.owners["a"].groups
    assert kept.samples == Samples(count=1, total=300, squares=90_000)
    assert found.changed == ("a",)


def test_a_simulated_run_keeps_no_samples() -> None:
    """It is exact."""
    once = update(None, record(entry("a", 100, live=True)), WHOLE).record
    (kept,) = update(once, record(entry("a", 120)), WHOLE).record.owners["a"].groups
    assert (kept.samples, kept.usage.output_tokens) == (None, 120)


def test_branches_that_touch_different_tests_never_conflict() -> None:
    """Each side's change is taken."""
    base = record(entry("a"), entry("b"), entry("c"))
    ours = record(entry("a", 200), entry("b"), entry("c"), entry("d"))
    theirs = record(entry("a"), entry("b", 300))
    merged = merge(base, ours, theirs)
    assert merged.conflicts == ()
    assert merged.record == record(entry("a", 200), entry("b", 300), entry("d"))


def test_a_test_that_both_changed_otherwise_is_a_conflict_and_ours_is_kept() -> None:
    """The same change on both sides is none."""
    base = record(entry("a"), entry("b"))
    merged = merge(base, record(entry("a", 200), entry("b", 9)), record(entry("a", 300), entry("b", 9)))
    assert merged.conflicts == ("a",)
    assert merged.record == record(entry("a", 200), entry("b", 9))


def test_a_lock_file_is_stale_where_the_run_is_another() -> None:
    """Changed, new and removed tests; not what did not run."""
    lock = record(entry("a"), entry("b"), entry("c"))
    run = record(entry("a"), entry("b", 200), entry("d"))
    assert stale(lock, run, WHOLE) == ["b", "c", "d"]
    assert stale(lock, run, Selection(narrowed="-k")) == ["b", "d"]
    assert stale(lock, lock, WHOLE) == []


def test_live_noise_makes_no_lock_file_stale() -> None:
    """The same request, another answer; also where its text holds a date, but not where it is another one."""
    lock = update(None, record(entry("a", 100, live=True)), WHOLE).record
    assert stale(lock, record(entry("a", 140, live=True)), WHOLE) == []
    assert stale(lock, record(entry("a", 140, live=True, text="n")), WHOLE) == []
    assert stale(lock, record(entry("a", 140, live=True, text="n", length=200)), WHOLE) == ["a"]


def test_a_text_that_is_another_one_at_each_run_keeps_its_entry() -> None:
    """A UUID in a recorded test: as much was used, so the bytes stay. A longer text is written, though it costs the same."""
    lock = update(None, record(entry("a", text="d1"), entry("b")), WHOLE).record
    again = record(entry("a", text="d2"), entry("b"))
    assert stale(lock, again, WHOLE) == []
    found = update(lock, again, WHOLE)
    assert (found.record, found.sentence("lock")) == (lock, "lock: nothing changed (2 unchanged)")
    longer = record(entry("a", text="d3", length=400), entry("b"))
    assert (stale(lock, longer, WHOLE), update(lock, longer, WHOLE).changed) == ([], ("a",))
    assert stale(lock, record(entry("a", 101, text="d2"), entry("b")), WHOLE) == ["a"]


def test_a_date_in_the_description_of_a_tool_keeps_an_entry_too() -> None:
    """Tools of as many bytes with another hash are another text; of other parameters, the entry is written anew."""

    def asked(**parts: str) -> Record:
        said = {"messages": "m:9", "tools": "t1:80", "parameters": "p1:20", **parts}
        return record(owner("a", group(usage(1000, 200), request=json.dumps(said))))

    lock = update(None, asked(), WHOLE).record
    assert update(lock, asked(tools="t2:84", messages="n:9"), WHOLE).record == lock
    assert update(lock, asked(tools="t2:120"), WHOLE).changed == ("a",)
    assert update(lock, asked(parameters="p2:20"), WHOLE).changed == ("a",)


def test_live_samples_gather_though_a_text_is_another_one_at_each_run() -> None:
    """Four runs, four UUIDs: as many samples. An answer that no such run gave begins them anew."""
    lock = None
    for output, text in ((100, "d1"), (110, "d2"), (90, "d3"), (100, "d4")):
        lock = update(lock, record(entry("a", output, live=True, text=text)), WHOLE).record
    assert lock is not None
    (kept,) = lock.owners["a"].groups
    assert kept.samples == Samples(count=4, total=400, squares=40_200)
    (anew,) = update(lock, record(entry("a", 4000, live=True, text="d5")), WHOLE).record.owners["a"].groups
    assert anew.samples == Samples(count=1, total=4000, squares=16_000_000)


def conversation(turns: int, output: int = 100) -> OwnerRecord:
    """A first call, and so many turns that follow its answer."""
    first = group(usage(1000, output), HAIKU, live=1, request=json.dumps({"messages": "abc:9"}))
    said = json.dumps({"later": True, "messages": "abc:9"})
    later = group(usage(2000 * turns, output * turns), HAIKU, calls=turns, live=turns, request=said)
    return owner("a", *in_order([first, later] if turns else [first]))


def test_a_conversation_that_ends_earlier_is_a_sample_of_no_more_turns() -> None:
    """2, 0 and 1 turns: 1 in the mean; 4,000, 0 and 2,000 tokens of input: 2,000. And so it is if the first had none."""
    for order in ((2, 0, 1), (0, 1, 2)):
        lock = None
        for turns in order:
            lock = update(lock, record(conversation(turns)), WHOLE).record
        assert lock is not None
        (later,) = (one for one in lock.owners["a"].groups if "later" in (one.request or ""))
        assert (later.calls, later.usage.input_tokens, later.usage.output_tokens) == (1, 2000, 100)
        assert later.samples is not None
        assert (later.samples.count, later.samples.others[0]) == (3, ("calls", 3, 5))


def test_another_number_of_the_same_calls_begins_the_samples_anew_unless_it_always_varied() -> None:
    """One call, three times over, then two: somebody changed that. One, two and one: the model does."""
    for numbers, count in (((1, 1, 1, 2), 1), ((1, 2, 1, 2), 4)):
        lock = None
        for calls in numbers:
            one = group(usage(1000 * calls, 100 * calls), HAIKU, calls=calls, live=calls, request='{"messages": "m:9"}')
            lock = update(lock, record(owner("a", one)), WHOLE).record
        assert lock is not None
        (kept,) = lock.owners["a"].groups
        assert kept.samples is not None
        assert kept.samples.count == count


def test_a_lock_file_with_spreads_is_read_back_and_its_bytes_stay() -> None:
    """Spreads are there only of what varied."""
    lock = update(update(None, record(conversation(1)), WHOLE).record, record(conversation(2)), WHOLE).record
    text = lock_text(lock)
    assert '"spreads": {"calls": [3, 5], "input_tokens": [6000, 20000000]}' in text
    jsonschema.validate(json.loads(text), LOCK)
    assert lock_text(read_record(json.loads(text), "lock")) == text
    assert "spreads" not in lock_text(update(None, record(conversation(1)), WHOLE).record)


RECORDS = st.dictionaries(st.sampled_from("abcde"), st.integers(1, 3), max_size=5).map(
    lambda owners: record(*(entry(name, 100 * size) for name, size in sorted(owners.items())))
)


@given(RECORDS, RECORDS, RECORDS)
@settings(max_examples=tries(100), deadline=None)
def test_merging_is_the_same_from_either_side_but_for_conflicts(base: Record, ours: Record, theirs: Record) -> None:
    """And a side that changed nothing takes the other's file as it is."""
    one, other = merge(base, ours, theirs), merge(base, theirs, ours)
    assert one.conflicts == other.conflicts
    assert merge(base, base, theirs).record.owners == theirs.owners
    apart = set(one.record.owners.keys() | other.record.owners.keys()) - set(one.conflicts)
    assert {name: one.record.owners.get(name) for name in apart} == {
        name: other.record.owners.get(name) for name in apart
    }


@given(RECORDS)
@settings(max_examples=tries(50), deadline=None)
def test_a_lock_file_has_the_same_bytes_however_its_owners_came(one: Record) -> None:
    """Sorted, one owner a line."""
    shuffled = replace(one, owners=dict(sorted(one.owners.items(), reverse=True)))
    assert lock_text(shuffled) == lock_text(one)
    lines = 6 + len(one.owners) if one.owners else 5
    assert lock_text(one).count("\n") == lines


def test_what_ended_early_and_used_less_makes_no_lock_file_stale() -> None:
    """What it would have used, nobody knows: under `xfail` it made no call, a shorter one, or one of two. More is more."""
    two = OwnerRecord(owner="a", kind="test", groups=in_order((*entry("a").groups, *entry("a", text="n").groups)))
    early = Selection(ran=frozenset("ab"), xfailed=frozenset("a"))
    rest = entry("b")
    for now in (record(rest), record(entry("a"), rest), record(entry("a", 50), rest)):
        assert stale(record(two, rest), now, early) == []
        assert stale(record(two, rest), now, Selection(ran=frozenset("ab"))) == ["a"]
    assert stale(record(entry("a"), rest), record(two, rest), early) == ["a"]
    assert stale(record(two, rest), record(entry("a", 300), rest), early) == ["a"]
    dearer = owner("a", group(usage(1000, 100), "claude-opus-4-7"))
    assert stale(record(two, rest), record(dearer, rest), early) == ["a"]


def test_what_was_skipped_after_a_call_makes_no_lock_file_stale() -> None:
    """And a fixture whose set-up was."""
    for name, kind in (("a.py::t", "test"), ("a.py::f", "fixture")):
        early = Selection(ran=frozenset({"a.py::t"}), skipped=frozenset({name}))
        then, now = (replace(entry(name, tokens), kind=kind) for tokens in (100, 50))
        assert stale(record(then), record(now), early) == []
