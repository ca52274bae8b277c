"""The file system, and nothing else of the outside: files read whole or refused, files written whole or not at all.

Whatever a file holds, and whatever is wrong with its path, the caller gets a value or an InputError.
"""

import os
import stat
import sys
from collections.abc import Mapping
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

from pytest_claude_budget.base.errors import InputError, Problem
from pytest_claude_budget.base.fast_json import LARGE, load_faster
from pytest_claude_budget.base.places import YamlDocument
from pytest_claude_budget.base.unusable_files import LOCK_ENDING, conflict, way_out

__all__ = [
    "YamlDocument",
    "decoded",
    "load_rates_document",
    "package_data",
    "parse_json",
    "parse_yaml_text",
    "read_json",
    "read_text",
    "read_yaml",
    "schema",
    "schema_path",
    "write_atomically",
]

MAX_BYTES = 1024 * 1024
MAX_JSON_BYTES = 256 * MAX_BYTES
NO_SUCH_FILE, IS_A_FOLDER = "no-such-file", "is-a-folder"
_WRITES_BUDGET = "claude-budget init writes a new budget file"
_WRITES_JSON = "pytest --claude-budget-report=json:PATH writes a report"
_WRITES_LOCK = "pytest --claude-budget-update writes claude-budget.lock.json at its rootdir"
_PACKAGE = Path(__file__).parent.parent


def read_yaml(path: Path, shown: str | None = None) -> YamlDocument:
    """A YAML file as plain values with their places; `shown` is the path as the user knows it."""
    name = str(path) if shown is None else shown
    return parse_yaml_text(read_text(path, name), name)


def read_text(path: Path, shown: str, most: int = MAX_BYTES, writes: str = _WRITES_BUDGET) -> str:
    """A text file of at most one MiB or so many bytes, in UTF-8 with or without a byte order mark.

    `writes` says what would write one, where there is none.
    """
    try:
        with path.open("rb") as file:
            data = file.read(most + 1)
    except (OSError, ValueError) as error:  # ValueError: a path with a null byte
        raise InputError(unreadable(shown, error, writes)) from None
    if len(data) > most:
        what = f"expected a file of at most {most:,} bytes, got a larger one"
        hint = "check that this is the file you mean"
        raise InputError(Problem(slug="too-large", where=shown, what=what, hint=hint))
    return decoded(data, shown)


def decoded(data: bytes, shown: str) -> str:
    """The text of a file in UTF-8, with or without a byte order mark. Raises InputError."""
    try:
        return data.decode().removeprefix("\ufeff")  # `utf-8-sig` would be one more module to load
    except UnicodeDecodeError as error:
        return _refuse_bytes(data, error.start, shown)


def read_json(path: Path, shown: str) -> object:
    """A lock file or a report, as plain values."""
    writes = _WRITES_LOCK if shown.endswith(LOCK_ENDING) else _WRITES_JSON
    return parse_json(read_text(path, shown, MAX_JSON_BYTES, writes), shown)


def parse_json(text: str, shown: str) -> object:
    """A JSON text as plain values. Raises InputError, whatever the text is."""
    import json

    from pytest_claude_budget.base.json_keys import TwiceError, once

    text, hint = text.removeprefix("\ufeff"), way_out(shown)  # a byte order mark is no part of it
    if not text.strip():
        raise InputError(Problem(slug="empty-file", where=shown, what="expected JSON, got an empty file", hint=hint))
    try:
        value: object = _quickly(text) if len(text) >= LARGE else json.loads(text, object_pairs_hook=once)
    except TwiceError:
        raise InputError(_twice(text, shown)) from None
    except json.JSONDecodeError as error:
        if marks := conflict(text, shown, _merged_by(shown)):
            raise InputError(marks) from None
        where, what = f"{shown}:{error.lineno}:{error.colno}", f"expected JSON: {error.msg[:1].lower()}{error.msg[1:]}"
        raise InputError(Problem(slug="bad-json", where=where, what=what, hint=hint)) from None
    except (ValueError, RecursionError):
        what = "expected JSON, got numbers or nesting beyond any use"
        raise InputError(Problem(slug="bad-json", where=shown, what=what, hint=hint)) from None
    return value


def _quickly(text: str) -> object:
    """Megabytes, by the faster parser where it is installed. What that refuses is left to Python's own."""
    import json

    from pytest_claude_budget.base.json_keys import once

    load_faster()
    from_json = getattr(sys.modules.get("jiter"), "from_json", None)
    if from_json is not None:
        with suppress(ValueError, TypeError):  # TypeError: an older one, with other options
            return from_json(text.encode("utf-8", "surrogatepass"), cache_mode="keys", catch_duplicate_keys=True)
    return json.loads(text, object_pairs_hook=once)


def _twice(text: str, shown: str) -> Problem:
    from pytest_claude_budget.base.json_keys import first_twice

    found, where, key = first_twice(text), shown, "a key"
    if found is not None:
        where, key = (
            f"{shown}:{found.line}:{found.column}",
            f"{found.key[:200]!r}, which stands on line {found.first} too",
        )
    what = f"expected each key of an object once, got {key}"
    return Problem(slug="duplicate-key", where=where, what=what, hint=way_out(shown))


def _merged_by(shown: str) -> str:
    if shown.startswith("git:") or not shown.endswith(LOCK_ENDING):
        return way_out(shown)
    return "pytest --claude-budget-update merges it; without a run, claude-budget baseline update --ours, or --theirs"


def parse_yaml_text(text: str, shown: str) -> YamlDocument:
    """A YAML text as plain values with their places. Raises InputError."""
    from pytest_claude_budget.base.yaml_document import parse_yaml

    try:
        return parse_yaml(text, shown)
    except InputError:
        hint = "keep what is right of both sides, and remove the lines with the marks"
        if marks := conflict(text, shown, hint):
            raise InputError(marks) from None
        raise


def _refuse_bytes(data: bytes, start: int, shown: str) -> str:
    line = data.count(b"\n", 0, start) + 1
    column = len(data[data.rfind(b"\n", 0, start) + 1 : start].decode("utf-8-sig", "replace")) + 1
    what = f"expected text in UTF-8, got the byte 0x{data[start]:02x}"
    hint = "save the file again as UTF-8"
    raise InputError(Problem(slug="not-utf-8", where=f"{shown}:{line}:{column}", what=what, hint=hint))


def unreadable(shown: str, error: OSError | ValueError, writes: str) -> Problem:
    """What to say of a file that cannot be opened or read."""
    if isinstance(error, (FileNotFoundError, NotADirectoryError)):
        hint = f"check the path; {writes}"
        return Problem(slug=NO_SUCH_FILE, where=shown, what="there is no such file", hint=hint)
    if isinstance(error, IsADirectoryError):
        return Problem(slug=IS_A_FOLDER, where=shown, what="expected a file, got a folder", hint="name the file in it")
    if isinstance(error, PermissionError):
        hint = "give yourself the right to read it"
        return Problem(slug="no-permission", where=shown, what="the file may not be read", hint=hint)
    what = f"the file cannot be read: {_reason(error)}"
    return Problem(slug="unreadable-file", where=shown, what=what, hint="check the path and the disk")


def unwritable(shown: str, error: OSError | ValueError) -> Problem:
    """What to say of a file that cannot be written."""
    what = f"the file cannot be written: {_reason(error)}"
    hint = "check the path, its permissions and the disk; what was there before is unharmed"
    return Problem(slug="unwritable-file", where=shown, what=what, hint=hint)


def _no_such_folder(path: Path) -> Problem:
    what = f"there is no folder {str(path.parent)[:200]!r} to write the file in"
    return Problem(slug="no-such-folder", where=str(path), what=what, hint="correct the path, or make the folder first")


def _reason(error: OSError | ValueError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def write_atomically(path: Path, text: str | bytes, *, makes_folders: bool = True) -> None:
    r"""Puts a text, or bytes, in a file, whole or not at all. Keeps permissions, follows links. Raises InputError.

    Missing folders of a report are made, as pytest makes those of `--junitxml`. A budget or a lock file has its place, so
    that a folder which is not there is a mistake: `makes_folders` is False for them.

    What is no regular file (`/dev/stdout`, a pipe) is written to, not replaced. Lone surrogates, which a test id may
    hold and UTF-8 cannot, are written as `\udc80`.
    """
    data = text if isinstance(text, bytes) else text.encode("utf-8", "backslashreplace")
    try:
        target = path.resolve()
        mode = target.stat().st_mode if target.exists() else None
        if mode is not None and not stat.S_ISREG(mode):
            with path.open("wb") as file:
                file.write(data)
            return
        if makes_folders:
            target.parent.mkdir(parents=True, exist_ok=True)
        elif not target.parent.exists():
            raise InputError(_no_such_folder(path))
        _replace(target, data, mode)
    except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: a loop of links, before Python 3.13
        fault = OSError(str(error)) if isinstance(error, RuntimeError) else error
        raise InputError(unwritable(str(path), fault)) from None


def _replace(target: Path, data: bytes, mode: int | None) -> None:
    # Opened here and not by `tempfile`, which would leave a new file unreadable to everybody else.
    temporary = target.with_name(f".claude-budget-{os.getpid()}-{os.urandom(4).hex()}.tmp")
    try:
        with temporary.open("xb") as file:
            file.write(data)
        if mode is not None:
            temporary.chmod(stat.S_IMODE(mode))
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def package_data(name: str) -> Path:
    """A file of the package's `data` folder."""
    return _PACKAGE / "data" / name


def schema_path(name: str) -> Path:
    """`NAME.schema.json` of the installed package, or of the checkout that the package is in."""
    file_name = f"{name}.schema.json"
    for folder in (_PACKAGE / "schemas", _PACKAGE.parent / "schemas"):
        if (folder / file_name).is_file():
            return folder / file_name
    raise InputError(_broken_install(file_name))


def schema(name: str) -> dict[str, Any]:
    """The JSON Schema of that name."""
    import json

    found: dict[str, Any] = json.loads(read_text(schema_path(name), f"{name}.schema.json"))
    return found


def load_rates_document() -> Mapping[str, Any]:
    """The rate table that the package carries, as plain values.

    `rates.yml` is the table that people read and change; `rates.generated.json` has the same values, made by `make rates`, and is
    read in a tenth of the time. Every run with one call reads it.
    """
    import json

    path = package_data("rates.generated.json")
    if not path.is_file():
        raise InputError(_broken_install("rates.generated.json"))
    document: Mapping[str, Any] = json.loads(read_text(path, "rates.generated.json"), parse_float=Decimal)
    return document


def _broken_install(file_name: str) -> Problem:
    return Problem(
        slug="broken-install",
        where=file_name,
        what="this file of pytest-claude-budget is missing from the installation",
        hint="install it again: pip install --force-reinstall pytest-claude-budget",
    )
