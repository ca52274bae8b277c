"""Text that came from elsewhere, made safe and short for a terminal."""

from collections.abc import Sequence

UPDATE = "pytest --claude-budget-update"
"""The command that the terminal advises: it is to be copied, so no line ends in it."""
_UNBROKEN = UPDATE.replace(" ", "\N{NO-BREAK SPACE}")


def printable(text: str, width: int = 200) -> str:
    """Replace what a terminal would obey rather than show, and cut the middle out of what is too long."""
    text = text[: 4 * width] + text[-4 * width :] if len(text) > 8 * width else text
    shown = "".join(character if character.isprintable() else "?" for character in text)
    if len(shown) <= width:
        return shown
    tail = max(0, (width - 3) // 2)
    return shown[: width - 3 - tail] + "..." + shown[len(shown) - tail :]


def shortened_id(owner: str, width: int) -> str:
    """Fit a test's or fixture's id: its folders go first, then the middle of its name."""
    if len(owner) > width and "::" in owner:
        path, border, name = owner.partition("::")
        while len(path) + len(border) + len(name) > width and "/" in path:
            path = path.partition("/")[2]
        owner = path + border + name
    return printable(owner, width)


def counted(number: int, one: str, many: str | None = None) -> str:
    """Say a number of things: `1 call`, `1,200 calls`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def told(title: str, said: Sequence[str], *, numbered: bool = False) -> list[str]:
    """One thing on the line of its title; several below it, a line each: who has five seconds reads no paragraph."""
    if len(said) == 1:
        return [f"  {title}: {said[0]}"]
    return [f"  {title}:", *(f"    {f'{at}. ' if numbered else ''}{text}" for at, text in enumerate(said, 1))]


def columns(rows: Sequence[Sequence[str]], width: int) -> list[str]:
    """Lay out a table whose first column takes what the others leave, the others flush right."""
    others = [max(len(row[at]) for row in rows) for at in range(1, len(rows[0]))]
    first = max(12, width - sum(others) - 2 * len(others))
    lines = []
    for row in rows:
        cells = [cell.rjust(size) for cell, size in zip(row[1:], others, strict=True)]
        lines.append("  ".join([shortened_id(row[0], first).ljust(first), *cells]).rstrip())
    return lines


def wrapped(text: str, width: int, first: str, rest: str | None = None) -> list[str]:
    """Break a sentence into lines at its spaces, each behind its indent: paths and options stay whole, and ids without any."""
    import textwrap

    lines = textwrap.wrap(
        text.replace(UPDATE, _UNBROKEN),
        width,
        initial_indent=first,
        subsequent_indent=first if rest is None else rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace(_UNBROKEN, UPDATE) for line in lines]
