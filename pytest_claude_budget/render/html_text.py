"""HTML from what the comment says: the few forms of Markdown that `markdown_text.py` writes, and nothing else.

Whatever a piece of Markdown holds, only the tags below come out of it. All other text is escaped, so that no name of a test
or model is ever markup.
"""

import json
import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from html import escape

from pytest_claude_budget.compare.result import rounded_percent
from pytest_claude_budget.render.markdown_text import NO_NAME, visible

_CODE = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)")
_CELL = re.compile(r"(?<!\\)\|")
_FOLDED = re.compile(r"<details><summary>(.*)</summary>")
_STEP = re.compile(r"\d{1,2}\. ", re.ASCII)
_BREAK, _BOLD = "<br>", "**"
_MARK = re.compile(r"(\*\*)")
_BAR = 100
"""Width of the bar beside a cost: a unit is a percent."""
_MONEY = re.compile(r"[+-]?\$[\d,]+(?:\.\d+)?")


Cell = str | tuple[str, int]
"""HTML of a cell, and its rank among those of its column where it is more than a text."""


def plain(text: str) -> str:
    """Escape a text."""
    return escape(text, quote=True)


def name(text: str, width: int = 200) -> str:
    """Show a name that came from outside: what is not to be seen as an escape, and not longer than a line or two."""
    return plain(visible(text, width) or NO_NAME)


def inline(markdown: str) -> str:
    """A line of Markdown: code, bold and line breaks."""
    made, at = [], 0
    for found in _CODE.finditer(markdown):
        made += [*_words(markdown[at : found.start()]), f"<code>{plain(_unpadded(found[2]))}</code>"]
        at = found.end()
    made += _words(markdown[at:])
    marks = [at for at, part in enumerate(made) if part == _BOLD]
    for number, place in enumerate(marks[: len(marks) // 2 * 2]):  # a mark without its other half is text
        made[place] = "</strong>" if number % 2 else "<strong>"
    return "".join(made)


def _words(text: str) -> list[str]:
    """Escaped text, and the marks of bold between."""
    return _MARK.split(plain(text).replace(plain(_BREAK), _BREAK))


def _unpadded(code: str) -> str:
    return code[1:-1] if code[0] == code[-1] == " " and code.strip() else code


def with_figures(html: str) -> str:
    """Set amounts of money apart in what `inline` has made."""
    return _MONEY.sub(lambda found: f"<b>{found[0]}</b>", html)


def blocks(lines: Iterable[str], label: str = "Table") -> str:
    """Paragraphs, lists, tables and what is folded away, as a page of the comment has them; `label` is for its tables."""
    made: list[str] = []
    rows: list[str] = []
    items: dict[str, list[str]] = {"ul": [], "ol": []}
    for line in (*lines, ""):
        step = _STEP.match(line)
        kind = "ul" if line.startswith("- ") else "ol" if step else ""
        for tag, own in items.items():
            if own and tag != kind:
                made.append(f"<{tag}>{''.join(f'<li>{inline(item)}</li>' for item in own)}</{tag}>")
                own.clear()
        if not line.startswith("| ") and rows:
            made.append(table_of(rows, label))
            rows.clear()
        if kind:
            items[kind].append(line[step.end() if step else 2 :])
        elif line.startswith("| "):
            rows.append(line)
        elif folded := _FOLDED.fullmatch(line):
            made.append(f"<details><summary>{inline(folded[1])}</summary>")
        elif line == "</details>":
            made.append(line)
        elif line:
            made.append(f"<p>{inline(line)}</p>")
    return "\n".join(made)


def table_of(rows: Sequence[str], label: str) -> str:
    """A table of Markdown: its head, its rule and its rows."""
    head, rule, *body = ([cell.strip() for cell in _CELL.split(row.removesuffix("|")[1:])] for row in rows)
    numbers = [cell.endswith(":") for cell in rule]
    cells = [[inline(cell.replace("\\|", "|")) for cell in row] for row in body]
    return table([plain(cell) for cell in head], numbers, cells, label)


def table(
    head: Sequence[str], numbers: Sequence[bool], rows: Iterable[Sequence[Cell]], label: str, *, sorts: bool = False
) -> str:
    """A table of cells that are HTML already; `numbers` says which columns are flush right, `sorts` that a script may sort it."""
    marks = [' class="number"' if number else "" for number in numbers]
    top = "".join(f'<th scope="col"{mark}>{cell}</th>' for cell, mark in zip(head, marks, strict=True))
    body = "\n".join(_row(row, marks) for row in rows)
    kind = ' class="sortable"' if sorts else ""
    return (
        f'<div class="wide" role="group" tabindex="0" aria-label="{plain(label)}">'
        f"<table{kind}><thead><tr>{top}</tr></thead><tbody>\n{body}\n</tbody></table></div>"
    )


def share_bar(part: Decimal | None, whole: Decimal) -> str:
    """A bar and a percentage: how much of a whole this is; nothing where that is not known."""
    if part is None or not whole:
        return ""
    share = rounded_percent(part, whole, None)
    width = min(_BAR, max(0, int(share)))
    return (
        f'<svg class="share" viewBox="0 0 {_BAR} 8" width="{_BAR}" height="8" aria-hidden="true" focusable="false">'
        f'<rect class="track" width="{_BAR}" height="8" rx="2"/><rect class="part" width="{width}" height="8" rx="2"/></svg> {share:f}%'
    )


def _row(cells: Sequence[Cell], marks: Sequence[str]) -> str:
    return f"<tr>{''.join(_cell(cell, mark) for cell, mark in zip(cells, marks, strict=False))}</tr>"


def _cell(cell: Cell, mark: str) -> str:
    if isinstance(cell, str):
        return f"<td{mark}>{cell}</td>"
    text, rank = cell
    return f'<td{mark} data-rank="{rank}">{text}</td>'


def ranked(texts: Sequence[str], values: Sequence[Decimal | int | None]) -> list[Cell]:
    """Cells of one column with the places of their exact values among all: a script's numbers would round them."""
    places = {value: at for at, value in enumerate(sorted({value for value in values if value is not None}))}
    return [(text, -1 if value is None else places[value]) for text, value in zip(texts, values, strict=True)]


def script_data(value: object) -> str:
    """JSON that can stand in a script element, whatever its strings hold."""
    text = json.dumps(
        value, separators=(",", ":")
    )  # all that is not ASCII is escaped, the line separators of Unicode too
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
