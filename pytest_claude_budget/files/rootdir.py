"""Where pytest would look from this folder: its rootdir, and the budget file that it would take.

Read here rather than by pytest, whose import takes longer than most commands; a test holds both to each other. A file that
pytest could not read is passed over: pytest itself says what is wrong with it.
"""

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from pytest_claude_budget.base.values import value_class

BUDGET_NAMES = ("claude-budget.yml", "claude-budget.yaml")
INI = "claude_budget"
_CONFIGURATIONS = {
    "pytest.toml": "pytest",
    ".pytest.toml": "pytest",
    "pytest.ini": "pytest",
    ".pytest.ini": "pytest",
    "pyproject.toml": "tool.pytest",
    "tox.ini": "pytest",
    "setup.cfg": "tool:pytest",
}
"""In the order in which pytest looks, each with its section."""
_ALWAYS = ("pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini")
"""Those that decide the rootdir even where they are empty."""


@value_class(frozen=True, kw_only=True, slots=True)
class Project:
    """What a run of pytest without arguments would take for its project."""

    rootdir: Path
    budget: Path | None
    """The budget file that it would take; None where there is none. One that the configuration names may not exist."""


def project_of(folder: Path) -> Project:
    """What pytest would find from a folder. A folder's own budget file counts where the rootdir has none."""
    rootdir, named = _rootdir(folder.absolute())
    if named:
        return Project(rootdir=rootdir, budget=rootdir / named)
    places = [where / name for where in (rootdir, folder.absolute()) for name in BUDGET_NAMES]
    return Project(rootdir=rootdir, budget=next((path for path in places if path.exists()), None))


def seen_from(path: Path, folder: Path) -> str:
    """A path as a person in that folder writes it."""
    return Path(os.path.relpath(path, folder.absolute())).as_posix()


def _rootdir(folder: Path) -> tuple[Path, str]:
    """The rootdir, and the budget file that its configuration names."""
    projects = []
    for base in (folder, *folder.parents):
        for name, section in _CONFIGURATIONS.items():
            path = base / name
            if path.is_file():
                if name == "pyproject.toml":
                    projects.append(base)
                found = _options(path, section)
                if found is not None or name in _ALWAYS:
                    return base, str((found or {}).get(INI) or "")
    return next(iter((*projects, *_with_setup(folder))), folder), ""


def _with_setup(folder: Path) -> list[Path]:
    return [base for base in (folder, *folder.parents) if (base / "setup.py").is_file()]


def _options(path: Path, section: str) -> Mapping[str, object] | None:
    """The options of pytest in a file; None where it has no place for them."""
    with suppress(Exception):
        if path.suffix == ".toml":
            import tomllib

            found = tomllib.loads(path.read_text("utf-8"))
            for name in section.split("."):
                found = found.get(name, {})
            plain = {name: value for name, value in found.items() if name != "ini_options"}
            options: Mapping[str, object] | None = plain or found.get("ini_options")
            return options
        import iniconfig

        sections = iniconfig.IniConfig(str(path))
        return dict(sections[section].items()) if section in sections else None
    return None
