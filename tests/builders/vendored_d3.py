"""`data/html/d3`, the modules of D3 that pages carry, as npm has them: `make charts` copies them, and a test compares."""

import hashlib
import json
import shutil
import sys
from pathlib import Path

from pytest_claude_budget.files.html_looks import D3
from pytest_claude_budget.files.read_write import package_data

FOLDER = package_data("html") / "d3"
MODULES = Path(sys.prefix) / "node" / "node_modules"


def published(module: str) -> Path:
    """The file of a module that its package has for browsers."""
    return MODULES / f"d3-{module}" / "dist" / f"d3-{module}.min.js"


def versions() -> dict[str, dict[str, str]]:
    """Version, licence and checksum of each module, as installed from npm by `tests/action/package-lock.json`."""
    found = {}
    for module in D3:
        about = json.loads((MODULES / f"d3-{module}" / "package.json").read_text("utf-8"))
        checksum = hashlib.sha256(published(module).read_bytes()).hexdigest()
        found[about["name"]] = {"version": about["version"], "license": about["license"], "sha256": checksum}
    return found


if __name__ == "__main__":
    for each in D3:
        shutil.copyfile(published(each), FOLDER / published(each).name)
    shutil.copyfile(MODULES / "d3-array" / "LICENSE", FOLDER / "LICENSE")  # the same in each of them
    (FOLDER / "versions.json").write_text(json.dumps(versions(), indent=1) + "\n", encoding="utf-8")
