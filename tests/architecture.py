"""Holds the order of the rooms (docs/design.md): a module imports only from the ones above it, and the core stays pure."""

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "pytest_claude_budget"
# In reading order; the name of a folder stands for all in it. A new module finds its place here first.
VALUES = ("__init__", "values", "errors", "money", "origin", "usage", "globs", "exempt")
TEXTS = (
    "json_keys",
    "mending",
    "yaml_scalars",
    "yaml_document",
    "schema_errors",
)  # text to values; pure too, but for the YAML and schema parsers
CORE = """
    wire rates model_hints pricing settlement totals budget_changes origins budget budget_difference fingerprints record benchmarked repeats record_builder scoped book
    comparison noise
    pairing attribution expected excused explain selection renames compare sampling baseline record_document caching
    projection month_totals repricing whatif not_compared earlier verdict_changes part verdict unfinished unmet report updatable report_document shards drafting tightening render
    comments github_failures
""".split()  # noqa: SIM905  # a name a line would fill the screen
EDGES = ("intercept", "ledger", "files", "git", "github")
ENTRY = (
    "rootdir",
    "checked",
    "rate_files",
    "budget_file",
    "baseline_files",
    "base_budget",
    "starter",
    "owners",
    "environment",
    "watching",
    "recorder",
    "marks",
    "run",
    "settings",
    "what_ran",
    "part_of_suite",
    "documents",
    "acceptance",
    "judging",
    "child",
    "fixture_phase",
    "garbage",
    "conclusion",
    "afterwards",
    "unended",
    "session",
    "last_words",
    "judged_later",
    "ending",
)
WIRING = ("fixture", "plugin", "action", "commands", "cli", "__main__")
ORDER = (*VALUES, *TEXTS, *CORE, "outside", *EDGES, *ENTRY, *WIRING)
PARSERS = {"yaml", "jsonschema"}
IMPURE = {"os", "io", "pathlib", "shutil", "tempfile", "glob", "sqlite3", "time", "random", "secrets", "logging"}
IMPURE |= {"subprocess", "socket", "threading", "asyncio", "urllib"}
IMPURE |= {"pytest", "_pytest", "anthropic", "httpx", "httpx2", "aiohttp"}
IMPURE_CALLS = {"open", "input", "print", "now", "utcnow", "today"}
MODULES = {path: ast.parse(path.read_text("utf-8")) for path in sorted(PACKAGE.rglob("*.py"))}
Place = tuple[str, str, int, ast.AST]


def nodes() -> Iterator[Place]:
    """The room, file and line of everything that is written in the package."""
    for path, tree in MODULES.items():
        inside = path.relative_to(PACKAGE)
        for node in ast.walk(tree):
            yield inside.with_suffix("").parts[0], str(inside), getattr(node, "lineno", 1), node


def imported(node: ast.AST, file: str) -> list[str]:
    """Full dotted names; those of relative imports are resolved."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    folders = [PACKAGE.name, *Path(file).parent.parts]
    base = ".".join(folders[: len(folders) - node.level + 1]) if node.level else ""
    module = ".".join(filter(None, (base, node.module)))
    # `from pytest_claude_budget import plugin` imports a module where there is one, a name of __init__ else
    return [f"{module}.{alias.name}" for alias in node.names] if module == PACKAGE.name else [module]


def imports() -> Iterator[tuple[str, str, str]]:
    """Importing room, place, imported name."""
    for room, file, line, node in nodes():
        yield from ((room, f"{file}:{line}", name) for name in imported(node, file))


def room_of(name: str) -> str | None:
    package, _, rest = name.partition(".")
    if package != PACKAGE.name:
        return None
    room = rest.partition(".")[0]
    return room if (PACKAGE / room).is_dir() or (PACKAGE / f"{room}.py").exists() or room in ORDER else "__init__"


def test_every_module_has_a_room() -> None:
    homeless = {room for room, *_ in nodes()} - set(ORDER)
    assert set() == homeless, "name the module where it belongs, in tests/architecture.py"


def test_a_module_imports_only_from_the_rooms_above_it() -> None:
    above = {room: {*ORDER[:index], room} for index, room in enumerate(ORDER)}
    below = [
        (place, name)
        for room, place, name in imports()
        if room != "__init__" and (room_of(name) or room) not in above[room]  # what is public is loaded when asked for
    ]
    assert [] == below


def test_edges_do_not_import_one_another() -> None:
    across = [(place, name) for room, place, name in imports() if room in EDGES and room_of(name) in {*EDGES} - {room}]
    assert [] == across


def test_the_core_is_pure() -> None:
    banned = dict.fromkeys((*VALUES, *CORE), IMPURE | PARSERS) | dict.fromkeys(TEXTS, IMPURE)
    imported_ = [(place, name) for room, place, name in imports() if name.partition(".")[0] in banned.get(room, ())]
    called = [
        (f"{file}:{line}", name)
        for room, file, line, node in nodes()
        if room in banned and isinstance(node, ast.Call)
        if (name := getattr(node.func, "id", getattr(node.func, "attr", ""))) in IMPURE_CALLS
    ]
    assert [] == imported_ + called


def test_what_is_not_a_dependency_is_imported_where_only_its_extra_leads() -> None:
    """The SDK is the user's own; what speaks to GitHub comes with the extra `action`."""
    theirs = {"anthropic": set[str](), "github": {"github"}, "github_action_utils": {"action"}}
    strays = [
        (place, name) for room, place, name in imports() if room not in theirs.get(name.partition(".")[0], {room})
    ]
    assert [] == strays


def test_files_and_functions_stay_short() -> None:
    long = [str(path.relative_to(PACKAGE)) for path in MODULES if len(path.read_text("utf-8").splitlines()) > 320]
    for _, file, line, node in nodes():
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            of = node.args
            parameters = {a.arg for a in (*of.posonlyargs, *of.args, *of.kwonlyargs)} - {"self", "cls"}
            if (node.end_lineno or line) - line >= 45 or len(parameters) > 6:
                long.append(f"{file}:{line}: {node.name}")
    assert [] == long, "at most 320 lines a file, 45 lines and 6 parameters a function"
