"""What a stored run's artifact holds is a stranger's: damaged bytes are no baseline, and no traceback."""

import io
import zipfile
from pathlib import Path

import pytest

from pytest_claude_budget.github.baseline import _unpacked


def packed(method: int) -> bytearray:
    """One JSON file in an archive."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        archive.writestr("a.json", '{"a": "' + "xyz" * 900 + '"}')
    return bytearray(made.getvalue())


@pytest.mark.parametrize("place", [36, 40, 44], ids="at {}".format)
@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_damaged_archive_is_no_baseline(method: int, place: int, tmp_path: Path) -> None:
    """Whatever it was packed with; whole, it is read."""
    archive = packed(method)
    assert _unpacked(bytes(archive), tmp_path / "whole.json") is not None
    archive[place : place + 12] = b"\xff" * 12
    assert _unpacked(bytes(archive), tmp_path / "broken.json") is None
