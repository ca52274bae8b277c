"""What a baseline becomes when a run is accepted, and when two branches have each accepted something."""

from collections.abc import Mapping

from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.compare.renames import renamed_owners
from pytest_claude_budget.compare.sampling import taken_over, used_no_more, used_otherwise
from pytest_claude_budget.record.record import OwnerRecord, Record
from pytest_claude_budget.record.selection import Selection


@value_class(frozen=True, kw_only=True, slots=True)
class Updated:
    """A new baseline, and what is new in it."""

    record: Record
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()
    """Removed too: they ran to their end without a call."""
    renamed: tuple[str, ...] = ()
    """By their new ids."""
    changed: tuple[str, ...] = ()
    sampled: tuple[str, ...] = ()
    """Nothing changed but the number of samples."""
    kept: tuple[str, ...] = ()
    """Did not run."""

    def _added_words(self) -> str:
        kinds = {self.record.owners[name].kind for name in self.added}
        return f"{_tests(len(self.added))} added" if kinds == {"test"} else "tests and fixtures added"

    def sentence(self, shown: str) -> str:
        """Say what changed, in one sentence."""
        said = [
            f"{len(names):,} {word}"
            for names, word in (
                (self.added, self._added_words()),
                (self.changed, "changed"),
                (self.removed, "removed"),
                (self.renamed, "renamed"),
                (self.sampled, "sampled once more"),
            )
            if names
        ]
        if self.silent:
            they, were = ("makes", "was") if len(self.silent) == 1 else ("make", "were")
            said.append(f"{len(self.silent):,} {they} no calls any more and {were} removed")
        text = f"{shown}: {', '.join(said)}" if said else f"{shown}: nothing changed"
        named = (*self.added, *self.renamed, *self.changed, *self.sampled, *self.kept)
        unchanged = len(self.record.owners) - len(named)
        rest = [f"{unchanged:,} unchanged"] if unchanged else []
        if self.kept:
            they, were = ("it", "it was") if len(self.kept) == 1 else ("they", "they were")
            rest.append(f"{len(self.kept):,} kept as {were}, since {they} did not run")
        return f"{text} ({'; '.join(rest)})" if rest else text


def _tests(count: int) -> str:
    return "test" if count == 1 else "tests"


def update(old: Record | None, new: Record, selection: Selection) -> Updated:
    """Take a run into a baseline."""
    before: Mapping[str, OwnerRecord] = {} if old is None else old.owners
    owners: dict[str, OwnerRecord] = {}
    found: dict[str, list[str]] = {
        "added": [], "removed": [], "silent": [], "renamed": [], "changed": [], "sampled": [], "kept": []
    }  # fmt: skip
    earlier = {} if old is None else renamed_owners(old, new, selection)
    for name, owner in new.owners.items():
        taken = taken_over(before.get(earlier.get(name, name)), owner)
        # the same in other functions is no change of the file
        owners[name] = before[name] if before.get(name) == taken else taken
        if name in earlier:
            found["renamed"].append(name)
        elif name not in before:
            found["added"].append(name)
        elif taken != before[name]:
            live = any(group.live for group in owner.groups)
            found["sampled" if live and not used_otherwise(before[name], owner) else "changed"].append(name)
    gone = frozenset(earlier.values())
    for name, owner in before.items():
        if name not in owners and name not in gone:
            if selection.has(owner):
                silent = owner.kind == "test" and name in selection.ran and not selection.cut_short(owner)
                found["silent" if silent else "removed"].append(name)
            else:
                owners[name] = owner
                found["kept"].append(name)
    record = Record(rates_as_of=new.rates_as_of, owners=dict(sorted(owners.items())))
    return Updated(record=record, **{what: tuple(names) for what, names in found.items()})


def stale(lock: Record, run: Record, selection: Selection) -> list[str]:
    """The owners that used something else than a lock file has; empty where it is up to date.

    What was asked makes no difference here: a text may hold a date, and what was used is what costs.
    """
    both = len(lock.owners.keys() & run.owners.keys())
    names = []
    for name in sorted({*lock.owners, *run.owners}):
        there, now = lock.owners.get(name), run.owners.get(name)
        if name in selection.failed:
            continue  # what it would have used, nobody knows
        if there is not None and selection.cut_short(there) and (now is None or used_no_more(there, now)):
            continue  # nor here
        if there is None or (selection.has(there) if now is None else used_otherwise(there, now, among=both)):
            names.append(name)
    return names


@value_class(frozen=True, kw_only=True, slots=True)
class Merged:
    """Two baselines in one."""

    record: Record
    conflicts: tuple[str, ...]
    """Owners that both sides changed, each in its own way: ours is kept."""


def merge(base: Record | None, ours: Record, theirs: Record) -> Merged:
    """Merge two baselines that come from one: an owner that only one side changed is that side's."""
    first: Mapping[str, OwnerRecord] = {} if base is None else base.owners
    owners: dict[str, OwnerRecord] = {}
    conflicts = []
    for name in sorted({*first, *ours.owners, *theirs.owners}):
        there, one, other = first.get(name), ours.owners.get(name), theirs.owners.get(name)
        if one != other and there not in (one, other):
            conflicts.append(name)
        chosen = other if one == there else one
        if chosen is not None:
            owners[name] = chosen
    as_of = max(ours.rates_as_of, theirs.rates_as_of)
    return Merged(record=Record(rates_as_of=as_of, owners=owners), conflicts=tuple(conflicts))
