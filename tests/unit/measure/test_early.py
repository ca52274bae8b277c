"""Which command lines have plugins imported before ours."""

import pytest

from pytest_claude_budget.measure.early import is_wanted


@pytest.mark.parametrize(
    ("line", "options", "wanted"),
    [
        ("/usr/bin/python /usr/bin/pytest -p mine", "", True),
        ("python -m pytest -pmine tests", "", True),
        ("python -X dev -m pytest tests -p mine", "", True),
        ("python C:\\env\\Scripts\\pytest.exe -p mine", "", True),
        ("python -m pytest tests", "-p mine", True),
        ("python -m pytest -p no:randomly -p mine", "", True),
        ("python -m pytest tests", "", False),
        ("python -m pytest -p no:randomly", "-pno:xdist", False),
        ("python server.py -p 8080", "", False),
        ("python -m http.server -p 8080", "-p mine", False),
        ("python -m pytest -p mine --no-claude-budget", "", False),
        ("python -m pytest -p mine", "--no-claude-budget", False),
        ("python -m pytest -p mine -p no:claude_budget", "", False),
        ("python -m pytest -p mine", "-pno:claude-budget", False),
        ("python -c pass -p", "", False),
    ],
)
def test_a_pytest_that_names_a_plugin_and_has_this_one(line: str, options: str, wanted: bool) -> None:
    environ = {"PYTEST_ADDOPTS": options} if options else {}
    assert wanted is is_wanted(line.split(), environ)
    assert not is_wanted(line.split(), {**environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"})
