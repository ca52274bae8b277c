"""Words, names and amounts that came from outside, made harmless in GitHub's Markdown.

A name is shown as code, the one place where GitHub links nothing: neither mentions nor issues, commits, addresses or
emoji. A sentence keeps its plain words; every other word in it is taken for a name.
"""

import re
from collections.abc import Iterable, Sequence
from decimal import Context, Decimal, InvalidOperation

from pytest_claude_budget.base.money import ZERO, dollars
from pytest_claude_budget.compare.result import rounded_percent

NAME = 120
"""Characters of a name that are shown."""
NO_NAME = "(no name)"
"""What an empty name is shown as."""
SENTENCE = 600
"""Characters of a sentence that are shown."""

# What isprintable() lets through although nobody sees it: fillers, joiners, variation selectors, the blank pattern.
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
_NUMBER = re.compile(r"[(+-]{0,2}\$?\d{1,3}(?:,\d{3})*(?:\.\d{1,12})?%?|\d{4}-\d\d-\d\d", re.ASCII)
_WORD = re.compile(r"\(?[A-Za-z]+(?:['’-][a-z]+)*")
_HEX = re.compile(r"[0-9a-f]{7,}", re.IGNORECASE)
_SIGNS = frozenset({"→", "·", "+", "-", "–", "=", "×"})
_LIST = re.compile(r"[+–=-]|\d+[.)]")
"""What would begin a list, at the beginning of a line."""
# GitHub's renderer takes no run of more than 80 backticks for a fence, and what is inside would be read as Markdown.
_LONG_RUN = re.compile("`{17,}")
_SHORT_RUN = f"{'`' * 8}…{'`' * 8}"
_ENDS = ".,:;)!?"
_LARGEST = Decimal("1e30")
_SMALLEST = Decimal("1e-30")
_SIXTY_DIGITS = Context(prec=60)


def visible(text: str, width: int = NAME) -> str:
    """Show what is not to be seen as an escape, and cut the middle out of what is too long."""
    text = text[: 2 * width] + text[-2 * width :] if len(text) > 4 * width else text
    plain = text.isprintable() and not _UNSEEN.search(text)
    shown = text if plain else text.translate({ord(character): _seen(character) for character in set(text)})
    if len(shown) <= width:
        return shown
    tail = (width - 1) // 2
    return f"{shown[: width - 1 - tail]}…{shown[len(shown) - tail :]}"


def _seen(character: str) -> str:
    if character.isprintable() and not _UNSEEN.match(character):
        return character
    return character.encode("unicode_escape").decode("ascii")


def code(text: str, width: int = NAME) -> str:
    """Show a name as code, whose fence is longer than any in the name; a run too long for a fence loses its middle."""
    shown = _LONG_RUN.sub(_SHORT_RUN, visible(text, width))
    if not shown:
        return NO_NAME
    fence = "`" * (max(map(len, re.findall("`+", shown)), default=0) + 1)
    padded = shown[0] == "`" or shown[-1] == "`" or (shown[0] == shown[-1] == " " and shown.strip())
    return f"{fence} {shown} {fence}" if padded else f"{fence}{shown}{fence}"


def sentence(text: str, width: int = SENTENCE) -> str:
    """Show a sentence that may hold names: what is no plain word or number is shown as code."""
    parts: list[str] = []
    names: list[str] = []
    for word in visible(text, width).split(" "):
        bare = word.rstrip(_ENDS)
        begins = not parts and not names
        if _plain(bare) and not (begins and _LIST.fullmatch(word)):
            _close(names, parts)
            parts.append(word)
        else:
            names.append(word)
            if bare != word:
                _close(names, parts)
    _close(names, parts)
    return " ".join(parts)


def _close(names: list[str], parts: list[str]) -> None:
    """Names side by side become one piece of code; the punctuation behind them stays outside."""
    joined = " ".join(names).strip()
    names.clear()
    if not joined:
        return
    bare = joined.rstrip(_ENDS) or joined
    while bare.count("(") > bare.count(")") and joined.startswith(")", len(bare)):
        bare += ")"  # `f(x)` keeps the bracket that it opened
    parts.append(code(bare, SENTENCE) + joined[len(bare) :])


def _plain(bare: str) -> bool:
    if bare in _SIGNS or _NUMBER.fullmatch(bare):
        return True
    return len(bare) <= 30 and bool(_WORD.fullmatch(bare)) and not _HEX.fullmatch(bare)


def row(cells: Iterable[str]) -> str:
    """Lay out one row of a table, whatever its cells hold."""
    return f"| {' | '.join(_cell(cell) for cell in cells)} |"


def _cell(text: str) -> str:
    # A pipe is escaped even inside of code. Renderers differ over one behind a backslash, so that is a broken bar.
    return text.replace("\\|", "\\¦").replace("|", "\\|")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Lay out a table: columns whose head begins with `>` are flush right."""
    rule = ["---:" if cell.startswith(">") else "---" for cell in head]
    return [row(cell.removeprefix(">") for cell in head), f"| {' | '.join(rule)} |", *map(row, rows)]


def details(summary: str, body: Iterable[str]) -> list[str]:
    """Fold lines away. The summary is our own text."""
    return ["", f"<details><summary>{summary}</summary>", "", *body, "", "</details>"]


def amount(text: str) -> Decimal:
    """Read an amount of the document; one beyond any bill is cut to size, so that a page stays a page."""
    value = _SIXTY_DIGITS.create_decimal(text)
    if not value:
        return ZERO
    if value.adjusted() >= 30:
        return _LARGEST.copy_sign(value)
    return _SMALLEST.copy_sign(value) if value.adjusted() < -30 else value


def percent_in(text: object) -> Decimal | None:
    """Read `38.3%`; None for what is no percent."""
    return amount_in(text[:-1]) if isinstance(text, str) and text.endswith("%") else None


def amount_in(text: object) -> Decimal | None:
    """Read the dollars of a limit; None for what is none."""
    if not isinstance(text, str) or len(text) > SENTENCE:
        return None
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return amount(str(value)) if value.is_finite() else None


def signed(value: Decimal) -> str:
    """`+$0.02`, `-$0.02`, `$0.00`."""
    return f"+{dollars(value)}" if value > 0 else dollars(value)


def share(change: Decimal, before: Decimal, *limits: Decimal) -> str:
    """`+38%`, `-7.5%`: with a tenth where it is small, and with more digits where a limit takes them to look over.

    `before` is not zero.
    """
    return percent_words(rounded_percent(change, before, None, *limits))


def percent_words(percent: Decimal) -> str:
    """`+15%`, `+12.5%`: a percentage with all the digits that it has."""
    text = f"{percent:+,f}"
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text}%"


def number(count: int) -> str:
    """`1,200`; what no run can have is cut to size."""
    return f"{count:,}" if abs(count) < 10**18 else "more than 10¹⁸"


def counted(count: int, one: str) -> str:
    """`1 call`, `1,200 calls`."""
    return f"{number(count)} {one if count == 1 else one + 's'}"


_COLUMN = 100
"""Characters of a line of GitHub's column, somewhat fewer than it takes on a wide screen."""
_LAST_CELL, _SECOND_CELL = 62, 80
"""Characters of a line in the last cell of a table: beside two short ones, and beside one."""


def visual_lines(page: str) -> int:
    """About how many lines a page takes at GitHub's width, without what is folded away but for the line that unfolds it."""
    lines, folded = 0, False
    for line in page.replace("**", "").replace("`", "").split("\n"):
        if line.startswith("<details>"):
            folded, lines = True, lines + 1
        elif line == "</details>":
            folded = False
        elif not folded and line and not line.startswith("| --"):
            lines += _rows_of(line) if line.startswith("| ") else -(-len(line) // _COLUMN)
    return lines


def _rows_of(row_: str) -> int:
    """The lines of a table's row: its tallest cell."""
    cells = re.split(r"(?<!\\)\|", row_.strip("| "))
    width = _SECOND_CELL if len(cells) == 2 else _LAST_CELL
    tall = [sum(max(1, -(-len(part.strip()) // width)) for part in cell.split("<br>")) for cell in cells]
    return max(tall)
