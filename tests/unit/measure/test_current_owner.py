"""What a test is called: by its node id, without what a runner puts behind it."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_claude_budget.measure.current_owner import name_of


def item(nodeid: str, *groups: Any) -> Any:
    """A test of the rootdir, as pytest before 9.1 has it under `--dist loadgroup`: with its groups in the node id."""
    marks = [pytest.mark.xdist_group(name=group).mark if group else pytest.mark.xdist_group().mark for group in groups]
    config = SimpleNamespace(rootpath=Path("/suite"))
    path = Path("/suite") / nodeid.partition("::")[0]
    return SimpleNamespace(nodeid=nodeid, path=path, config=config, iter_markers=lambda name: iter(marks))


@pytest.mark.parametrize(
    ("nodeid", "groups", "name"),
    [
        ("test_a.py::test_one@g", ("g",), "test_a.py::test_one"),
        ("test_a.py::test_one@a_b", ("b", "a"), "test_a.py::test_one"),
        ("test_a.py::test_one@default", (None,), "test_a.py::test_one"),
        ("test_a.py::test_mail[a@b.example]", (), "test_a.py::test_mail[a@b.example]"),
        ("test_a.py::test_mail[me@g]", ("g",), "test_a.py::test_mail[me@g]"),
    ],
)
def test_the_group_that_xdist_puts_behind_a_node_id_is_no_part_of_a_name(
    nodeid: str, groups: tuple[str | None, ...], name: str
) -> None:
    assert name_of(item(nodeid, *groups)) == name
