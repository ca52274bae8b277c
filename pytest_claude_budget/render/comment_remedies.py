"""What would bring the cost down, in a comment: for what is over a limit, and for the causes that are named."""

from collections.abc import Iterator, Sequence

from pytest_claude_budget.render.comment_values import Document, failing, moved
from pytest_claude_budget.render.groups import NEW
from pytest_claude_budget.render.markdown_text import amount, sentence
from pytest_claude_budget.render.remedies import Dearer, remedies


def down(document: Document) -> list[str]:
    """Say how to mend what fails for its cost; nothing of what is let pass, and nothing of what is not known to help."""
    over, comparison = failing(document), document.get("comparison")
    if not over or comparison is None:
        return []
    said = [sentence(step, 160) for step in remedies(_dearer(moved(comparison), over))]
    return ["", f"**To bring it down:** {'; '.join(said)}."] if said else []


def _dearer(rows: Sequence[Document], over: Sequence[Document]) -> Iterator[Dearer]:
    """The causes of what is over a limit: of single tests alone where nothing else is."""
    single = all(each["scope"] in ("test", "fixture") for each in over)
    names = {each["name"] for each in over} if single else None
    for row in rows:
        if row["noise"] or row["at_least"] or row.get("not_known") or (names is not None and row["owner"] not in names):
            continue
        if row["status"] == "new":
            yield Dearer(kind=NEW, amount=amount(row["change"]), text=row["kind"])
        for cause in row["causes"]:
            text = str(cause.get("first") or cause["text"])
            yield Dearer(kind=cause["cause"], amount=amount(cause["amount"]), text=text)
