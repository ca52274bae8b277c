"""Puts two things into the wheel that do not lie inside the package.

`schemas/` stays at the top of the repository, where editors and other projects look for it, and is packaged as
`pytest_claude_budget/schemas/`. The `.pth` file goes to the top of site-packages: it is how a Python process that a test
starts is measured too. An editable install takes the `.pth` file only, and reads `schemas/` where it lies.
"""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

START_UP_FILE = "pytest_claude_budget_child.pth"


class PackagedFilesHook(BuildHookInterface):  # type: ignore[type-arg]  # hatchling asks for its own configuration class
    """Named by `[tool.hatch.build.targets.wheel.hooks.custom]`."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the files to a wheel; `version` is "editable" or "standard"."""
        start_up_file = {str(Path(self.root, START_UP_FILE)): START_UP_FILE}
        if version == "editable":
            build_data["force_include_editable"].update(start_up_file)
            return
        schemas = sorted(Path(self.root, "schemas").glob("*.json"))
        if not schemas:
            message = "schemas/*.json: nothing there, so the wheel would lack its schemas; build from a whole checkout or sdist"
            raise FileNotFoundError(message)
        build_data["force_include"].update(start_up_file)
        build_data["force_include"].update({str(path): f"pytest_claude_budget/schemas/{path.name}" for path in schemas})
