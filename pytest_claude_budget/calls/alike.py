"""Many answers in one value: the results of a batch, which mostly differ in their item and a few counts only."""

import json
from collections.abc import Iterator
from dataclasses import replace

from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.calls.call import Answer


@value_class(frozen=True, kw_only=True, slots=True)
class Alike:
    """Answers that are one but for what their rows say."""

    answer: Answer
    """What they have in common; of no item, and zero in the counts that have a column."""
    columns: tuple[str, ...]
    """The names of the counts that differ."""
    rows: list[str]
    """For each answer a JSON array as the ledger is to hold it: its item's id, then its counts in the order of the columns."""

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Answer]:
        """Each by itself."""
        for row in self.rows:
            item_id, *counts = json.loads(row)
            usage = replace(self.answer.usage, **dict(zip(self.columns, counts, strict=True)))
            yield replace(self.answer, item_id=item_id, usage=usage)
