"""The pages of the site from the files of the project, with their links led to where those files stand on the site."""

import os
import re
import shutil
from pathlib import Path

_FENCED = re.compile(r"^(```+|~~~+).*?^\1\s*?$", re.M | re.S)
_LINK = re.compile(r"`[^`\n]+`|(\]\()(?!https?:|mailto:|#)([^)\s#]+)(#[^)\s]*)?(\))")
"""Or code between backticks, which is left alone."""
_LIST = re.compile(r"^(?!\s|[-*+] |[|>#]|\d+\. ).*\n(?=[-*] |\d+\. )", re.M)
"""A line of a paragraph with a list right after it."""
LANGUAGES = {".yml": "yaml", ".yaml": "yaml", ".py": "python", ".json": "json", ".toml": "toml", ".sh": "bash"}
LONGEST = 400
"""Lines of a file that is shown whole; of a longer one, the beginning is."""


class Sources:
    """Finds and writes pages; `made` are those that no file holds, by their place on the site."""

    def __init__(self, root: Path, made: dict[str, str]) -> None:
        self._root = root
        self._made = made
        self._places: dict[Path, str] = {}
        """Where each file of the project that was asked for stands on the site."""

    def write(self, folder: Path) -> dict[str, str]:
        """Write all pages into a folder; the title of each, by its place."""
        folder.mkdir(parents=True)
        waiting = [self._root / "README.md", self._root / "CHANGELOG.md", *sorted((self._root / "docs").rglob("*.md"))]
        for path in waiting:
            self._places[path] = self._place(path)
        titles = {}
        while waiting:
            path = waiting.pop()
            place = self._places[path]
            if path.suffix in {".png", ".svg"}:
                (folder / place).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, folder / place)
                continue
            known = set(self._places)
            titles[place] = _write(folder / place, self._text(path, place))
            waiting += sorted(set(self._places) - known)
        for place, text in self._made.items():
            titles[place] = _write(folder / place, text)
        return titles

    def _text(self, path: Path, place: str) -> str:
        if path.suffix == ".md":
            return self._linked(path.read_text(encoding="utf-8"), path, place)
        if path.is_dir():
            names = sorted(each.name for each in path.iterdir() if each.is_file())
            return self._linked(
                f"# {path.name}\n\n" + "".join(f"- [{name}]({name})\n" for name in names), path / "_", place
            )
        lines = path.read_text(encoding="utf-8").splitlines()
        rest = f"\n\n{len(lines) - LONGEST:,} more lines are in the file." if len(lines) > LONGEST else ""
        shown = "\n".join(lines[:LONGEST])
        name = path.relative_to(self._root).as_posix()
        return f"# {path.name}\n\n`{name}`\n\n````{LANGUAGES.get(path.suffix, 'text')}\n{shown}\n````{rest}\n"

    def _linked(self, text: str, path: Path, place: str) -> str:
        """A page's text, with each link led to the place of what it means; code is left alone."""

        def led(found: re.Match[str]) -> str:
            target = Path(os.path.normpath(path.parent / found[2])) if found[2] else path
            if not found[2] or not target.is_relative_to(self._root) or not target.exists():
                return found[0]  # no link, or one that leads nowhere, as Zensical will say
            there = self._places.setdefault(target, self._place(target))
            return f"{found[1]}{os.path.relpath(there, Path(place).parent)}{found[3] or ''}{found[4]}"

        parts, end = [], 0
        for code in _FENCED.finditer(text):
            parts += [_LINK.sub(led, _spaced(text[end : code.start()])), code[0]]
            end = code.end()
        return "".join([*parts, _LINK.sub(led, _spaced(text[end:]))])

    def _place(self, path: Path) -> str:
        """Where a file of the project stands on the site."""
        name = path.relative_to(self._root).as_posix()
        if path.is_dir():
            return self._place(path / "README.md") if (path / "README.md").exists() else _directory(name)
        if name == "README.md":
            return "index.md"
        for made in self._made:
            if name == f"schemas/{Path(made).stem}.schema.json" or (name, made) == (
                "action.yml",
                "reference/action.md",
            ):
                return made
        if name.startswith("docs/"):
            return name.removeprefix("docs/")
        if path.suffix == ".md":
            return f"project/{name}" if "/" not in name else name
        return f"files/{name}.md".replace("/.", "/")  # a name that begins with a dot would be left out


def _directory(name: str) -> str:
    """A folder has a list of its files; that of the documents is the first page."""
    return "index.md" if name == "docs" else f"files/{name}/index.md"


def _spaced(text: str) -> str:
    """With a blank line before a list that follows a paragraph at once, which Python-Markdown wants and GitHub does not."""
    return _LIST.sub(lambda found: f"{found[0]}\n", text)


def _write(path: Path, text: str) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    heading = re.search(r"^# (.+)$", text, re.M)
    return heading[1] if heading else path.stem
