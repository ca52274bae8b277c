"""The documents as their tests read them: the README and the pages below docs/."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
PAGES = [README, *sorted((ROOT / "docs").rglob("*.md"))]
DOCUMENTS = sorted({*ROOT.glob("*.md"), *PAGES, *ROOT.glob("examples/**/*.md")})
"""These also name what was so in earlier versions, or belongs to an example."""


def page(name: str) -> str:
    """The text of a page, by its path from the top of the project."""
    return (ROOT / name).read_text(encoding="utf-8")


def all_pages() -> str:
    """The text of the README and of all pages."""
    return "\n".join(path.read_text(encoding="utf-8") for path in PAGES)


def blocks(text: str) -> list[tuple[str, str]]:
    """Language and text of each block of code."""
    return re.findall(r"^```(\w*)\n(.*?)^```$", text, re.M | re.S)
