"""Holds the order of the folders: each imports only from those below it, and what is called pure stays pure."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "pytest_claude_budget"
# From the top down, in the order in which a question is asked: who runs it, what is said, what was used, what one call is.
FOLDERS = [
    "cli",
    "plugin",
    "enforce",
    "github",
    "files",
    "render",
    "judge",
    "advice",
    "forecast",
    "compare",
    "budget",
    "record",
    "bounds",
    "pricing",
    "gateway",
    "measure",
    "intercept",
    "wire",
    "cap",
    "ledger",
    "calls",
    "base",
]
TOP = {"__init__", "__main__"}
"""Modules of the package itself: its version, and `python -m`."""
PURE = {"render", "judge", "advice", "forecast", "compare", "budget", "record", "bounds"}
PURE |= {"pricing", "wire", "calls", "base"}
NO_CLIENT = {"anthropic", "httpx", "httpx2", "aiohttp"}
PARSERS = {"yaml", "jsonschema"}
"""Text to values: nothing but `base` needs them."""
IMPURE = {"os", "io", "pathlib", "shutil", "tempfile", "glob", "sqlite3", "time", "random", "secrets", "logging"}
IMPURE |= {"subprocess", "socket", "threading", "asyncio", "urllib", "pytest", "_pytest"} | NO_CLIENT
IMPURE_CALLS = {"open", "input", "print", "now", "utcnow", "today"}
PYTEST = {"pytest", "_pytest"}
MOST_LINES, MOST_LINES_OF_A_FUNCTION, MOST_PARAMETERS = 400, 60, 6
ASKED_FOR = (ast.Import, ast.ImportFrom, ast.Call, ast.If, ast.FunctionDef, ast.AsyncFunctionDef)
Place = tuple[str, str, int, ast.AST]


@cache
def modules() -> dict[Path, ast.Module]:
    """All of the package, read by the worker that comes to it and not by all that collect tests."""
    return {path: ast.parse(path.read_text("utf-8")) for path in sorted(PACKAGE.rglob("*.py"))}


@cache
def nodes() -> list[Place]:
    """The folder, file and line of everything that is written in the package, of the kinds that are asked for here."""
    found: list[Place] = []
    for path, tree in modules().items():
        inside = path.relative_to(PACKAGE)
        folder, file = inside.with_suffix("").parts[0], str(inside)
        found.append((folder, file, 1, tree))
        found += [(folder, file, node.lineno, node) for node in ast.walk(tree) if isinstance(node, ASKED_FOR)]
    return found


def imported(node: ast.AST, file: str) -> list[str]:
    """Full dotted names; those of relative imports are resolved."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    folders = [PACKAGE.name, *Path(file).parent.parts]
    base = ".".join(folders[: len(folders) - node.level + 1]) if node.level else ""
    module = ".".join(filter(None, (base, node.module)))
    # `from pytest_claude_budget import plugin` imports a folder where there is one, a name of __init__ else
    return [f"{module}.{alias.name}" for alias in node.names] if module == PACKAGE.name else [module]


def imports() -> Iterator[tuple[str, str, str]]:
    """Importing folder, place, imported name."""
    for folder, file, line, node in nodes():
        yield from ((folder, f"{file}:{line}", name) for name in imported(node, file))


def folder_of(name: str) -> str | None:
    """The folder that a dotted name of ours is in; None of somebody else's."""
    package, _, rest = name.partition(".")
    if package != PACKAGE.name:
        return None
    folder = rest.partition(".")[0]
    return folder if folder in FOLDERS else "__init__"


def test_the_package_has_these_folders_and_nothing_else() -> None:
    assert {*FOLDERS, *TOP} == {folder for folder, *_ in nodes()}, "a new folder finds its floor in FOLDERS"


def test_a_folder_imports_only_from_folders_below_it() -> None:
    below = {folder: {*FOLDERS[at:], "__init__"} for at, folder in enumerate(FOLDERS)}
    upwards = [
        (place, name)
        for folder, place, name in imports()
        if folder in below and (folder_of(name) or folder) not in below[folder]
    ]
    assert [] == upwards


def test_each_folder_says_what_comes_in_and_goes_out() -> None:
    for folder in FOLDERS:
        said = ast.get_docstring(modules()[PACKAGE / folder / "__init__.py"]) or ""
        assert len(said.split()) >= 20, folder


def test_the_core_is_pure() -> None:
    banned = {folder: IMPURE | (set() if folder == "base" else PARSERS) for folder in PURE}
    imported_ = [(place, name) for folder, place, name in imports() if name.partition(".")[0] in banned.get(folder, ())]
    called = [
        (f"{file}:{line}", name)
        for folder, file, line, node in nodes()
        if folder in PURE and isinstance(node, ast.Call)
        if (name := getattr(node.func, "id", getattr(node.func, "attr", ""))) in IMPURE_CALLS
    ]
    assert [] == imported_ + called


def test_only_the_plugin_loads_pytest() -> None:
    """Others may name its types."""
    named = {
        (file, inner.lineno)
        for _, file, _, node in nodes()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in node.body
    }
    strays = [
        f"{file}:{line}"
        for folder, file, line, node in nodes()
        if folder != "plugin" and PYTEST & {name.partition(".")[0] for name in imported(node, file)}
        if (file, line) not in named
    ]
    assert [] == strays


def test_what_is_not_a_dependency_is_imported_where_only_its_extra_leads() -> None:
    """The SDK is the user's own; the rest comes with extras: `action`, `gateway` and `postgres`."""
    theirs = {"anthropic": set[str](), "github": {"github"}, "github_action_utils": {"github"}, "psycopg": {"cap"}}
    theirs |= {name: {"gateway"} for name in ("aiohttp", "multidict", "yarl")}
    strays = [
        (place, name) for folder, place, name in imports() if folder not in theirs.get(name.partition(".")[0], {folder})
    ]
    assert [] == strays


def test_files_and_functions_stay_short() -> None:
    long = [
        str(path.relative_to(PACKAGE)) for path in modules() if len(path.read_text("utf-8").splitlines()) > MOST_LINES
    ]
    for _, file, line, node in nodes():
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            of = node.args
            parameters = {a.arg for a in (*of.posonlyargs, *of.args, *of.kwonlyargs)} - {"self", "cls"}
            lines = (node.end_lineno or line) - line + 1
            if lines > MOST_LINES_OF_A_FUNCTION or len(parameters) > MOST_PARAMETERS:
                long.append(f"{file}:{line}: {node.name}")
    assert [] == long, "at most 400 lines a file, 60 lines and 6 parameters a function"
