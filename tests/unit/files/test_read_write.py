"""Files are read exactly or refused with a line to look at; what is written is whole."""

import os
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_claude_budget.base.errors import InputError
from pytest_claude_budget.files import read_write as files
from tests.builders.tries import tries


def leaves(value: Any) -> Iterator[Any]:
    """All values in a value that hold no others."""
    if isinstance(value, dict):
        for item in value.values():
            yield from leaves(item)
    elif isinstance(value, list):
        for item in value:
            yield from leaves(item)
    else:
        yield value


def test_a_missing_file_is_told_by_the_name_the_user_gave(tmp_path: Path) -> None:
    """Not by the absolute path that it was resolved to."""
    with pytest.raises(InputError) as caught:
        files.read_yaml(tmp_path / "none.yml", "my/none.yml")

    expected = (
        "my/none.yml: there is no such file\n"
        "hint: check the path; claude-budget init writes a new budget file   [no-such-file]"
    )
    assert expected == str(caught.value)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    """The path of a folder is told from a missing one."""
    with pytest.raises(InputError) as caught:
        files.read_yaml(tmp_path, "folder")

    expected = "folder: expected a file, got a folder\nhint: name the file in it   [is-a-folder]"
    assert expected == str(caught.value)


def test_a_path_that_no_system_has_is_an_input_error() -> None:
    """A null byte in a path is a ValueError in Python."""
    with pytest.raises(InputError) as caught:
        files.read_yaml(Path("a\0b"), "odd")

    assert ["unreadable-file"] == [problem.slug for problem in caught.value.problems]


def test_a_file_without_permission_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The system's refusal is stood in for: root, whom containers run as, is never refused."""

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(InputError) as caught:
        files.read_yaml(tmp_path / "a.yml", "a.yml")

    expected = "a.yml: the file may not be read\nhint: give yourself the right to read it   [no-permission]"
    assert expected == str(caught.value)


def test_writing_replaces_the_whole_file_and_keeps_its_permissions(tmp_path: Path) -> None:
    """Nothing else is left in the folder."""
    path = tmp_path / "a.json"
    path.write_text("what was there before, and longer")
    path.chmod(0o640)

    files.write_atomically(path, "é\n")

    assert ("é\n", 0o640) == (path.read_text("utf-8"), path.stat().st_mode & 0o777)
    assert [path] == list(tmp_path.iterdir())


def test_a_new_file_gets_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    """Not those of a temporary file, which nobody else may read; missing folders are made."""
    (tmp_path / "usual").write_text("")

    files.write_atomically(tmp_path / "new" / "deep" / "a.json", "x")

    assert (tmp_path / "usual").stat().st_mode == (tmp_path / "new" / "deep" / "a.json").stat().st_mode


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    """The file that it points to is replaced."""
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")

    files.write_atomically(tmp_path / "link", "new")

    assert ((tmp_path / "link").is_symlink(), "new") == (True, (tmp_path / "real").read_text())


def test_a_device_is_written_to_and_not_replaced() -> None:
    """`/dev/stdout` is a fair place for a report, and `/dev/null` must survive root."""
    files.write_atomically(Path(os.devnull), "x")

    assert not Path(os.devnull).is_file()


def test_a_lone_surrogate_can_be_written(tmp_path: Path) -> None:
    """Test ids may hold one; UTF-8 cannot."""
    files.write_atomically(tmp_path / "a", "x\udc80")

    assert "x\\udc80" == (tmp_path / "a").read_text()


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A full disk, a folder that is read-only."""
    path = tmp_path / "a.json"
    path.write_text("old")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(InputError) as caught:
        files.write_atomically(path, "new")

    expected = (
        f"{path}: the file cannot be written: No space left on device\n"
        "hint: check the path, its permissions and the disk; what was there before is unharmed   [unwritable-file]"
    )
    assert expected == str(caught.value)
    assert ([path], "old") == (list(tmp_path.iterdir()), path.read_text())


def test_a_folder_is_never_overwritten(tmp_path: Path) -> None:
    """A path that is a folder is the user's mistake, and told as such."""
    with pytest.raises(InputError) as caught:
        files.write_atomically(tmp_path, "x")

    assert ["unwritable-file"] == [problem.slug for problem in caught.value.problems]


@pytest.mark.parametrize("folder", ["package/schemas", "schemas"])
def test_the_schema_is_found_in_an_installation_and_in_a_checkout(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, folder: str
) -> None:
    """A wheel carries the schemas inside of the package, a checkout beside it."""
    (tmp_path / folder).mkdir(parents=True)
    (tmp_path / folder / "lock.schema.json").write_text('{"type": "object"}')
    monkeypatch.setattr(files, "_PACKAGE", tmp_path / "package")

    assert {"type": "object"} == files.schema("lock")


def test_a_broken_installation_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A missing schema or rate table is not the user's mistake, but it gets no traceback either."""
    monkeypatch.setattr(files, "_PACKAGE", tmp_path)
    rest = (
        ": this file of pytest-claude-budget is missing from the installation\n"
        "hint: install it again: pip install --force-reinstall pytest-claude-budget   [broken-install]"
    )

    with pytest.raises(InputError) as of_schema:
        files.schema("budget")
    with pytest.raises(InputError) as of_rates:
        files.load_rates_document()

    assert [f"budget.schema.json{rest}", f"rates.generated.json{rest}"] == [str(of_schema.value), str(of_rates.value)]


def test_the_rate_table_is_read_without_floats() -> None:
    """Dollars come as whole numbers or exact decimals."""
    kinds = {type(value) for value in leaves(dict(files.load_rates_document()))}

    assert set() == kinds - {int, Decimal, str, bool, type(None)}
    assert Decimal in kinds


@given(st.binary(max_size=200))
@settings(max_examples=tries(500), deadline=None)
def test_no_bytes_give_anything_but_a_value_or_an_input_error(tmp_path_factory: Any, data: bytes) -> None:
    """Whatever is in a file."""
    path = tmp_path_factory.getbasetemp() / "any-bytes.yml"
    path.write_bytes(data)
    try:
        found = list(leaves(files.read_yaml(path, "b.yml").value))
    except InputError as error:
        found = [] if error.problems else [error]

    assert [] == [value for value in found if isinstance(value, (float, InputError))]
