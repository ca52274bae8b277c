"""What a page is put together from, laid out once for all the lengths that the page is tried in until one fits."""

from collections.abc import Callable, Iterable, Sequence

from pytest_claude_budget.render.comment_values import Document

_Part = Callable[..., Iterable[str]]


class Parts:
    """The parts of one document's pages. Most forms of a page differ in one number, and so in one part."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self._laid_out: dict[tuple[object, ...], Sequence[str]] = {}

    def of(self, part: _Part, *sizes: int | str | None, **flags: bool) -> Sequence[str]:
        """The lines of a part: a pure function of the document, of sizes and of flags."""
        key = (part, sizes, *sorted(flags.items()))
        found = self._laid_out.get(key)
        if found is None:
            found = self._laid_out[key] = tuple(part(self.document, *sizes, **flags))
        return found
