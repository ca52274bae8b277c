"""Pages of reports in real headless Chromium, from disk: drawn, sorted by keys, without a request, a message or a finding of axe-core.

One test, since starting the browser is what costs: `browse.mjs` does all the looking, and what it saw is compared here.
"""

import json
import shutil
import subprocess
from pathlib import Path

from pytest_claude_budget.files.html_looks import packaged_looks
from pytest_claude_budget.render.html_page import page
from tests.action.node import MODULES, NODE
from tests.golden.scenes import document

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WATERFALL = [
    "Baseline · $0.0588",
    "Makes 3 calls (was 1) · +$0.0175 · 1 test",
    "New tests · +$0.0025 · 1 test",
    "Cache reads 7,600 → 5,000: block 2 of the system prompt changed · +$0.00234 · 1 test",
    "System prompt +160 tokens · +$0.00016 · 1 test",
    "This run · $0.0813",
]
SEARCH = [f"test_answer_{number}" for number in range(6)]


def chromium() -> str:
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    assert found is not None, "install Chromium: Debian's package is `chromium`"
    return found


def test_a_real_browser_shows_draws_and_sorts_a_page_and_asks_the_network_for_nothing(tmp_path: Path) -> None:
    for name in ("over", "many", "hostile"):
        (tmp_path / f"{name}.html").write_text(page(document(name), packaged_looks()), encoding="utf-8")
    command = [str(NODE), str(Path(__file__).with_name("browse.mjs")), str(MODULES), chromium(), str(tmp_path)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (0, "") == (ran.returncode, ran.stderr)
    seen = json.loads(ran.stdout)
    chosen = seen.pop("chosen")
    assert {
        "troubles": [],
        # the baseline, calls +0.0175, new tests +0.0025, cache +0.00234, system prompt +0.00016, and the run
        "charts": {"waterfall": {"shapes": 6, "words": WATERFALL}},
        "dearest": ["test_refund", "test_triage[german]", "test_answer_5"],
        "by_name": ["Test ↑ ascending", SEARCH[:3]],
        "by_name_down": ["Test ↓ descending", ["test_triage[german]", "test_escalate", "test_refund"]],
        "searched": ["1 of 9 rows", ["test_escalate"]],
        "dark": "rgb(23, 24, 27)",
        "narrow": [360, 6],
        "printed": ["none", "none", "block"],
        "many": [True, "5,000 rows", "5001"],
        "many_end": [True, "5001"],
        "hostile": [0, 0, 3, 0, 0],
        "without_scripts": 9,
    } == seen
    assert chosen.startswith("tests/test_support.py::test_refund\n")
    assert "$0.0275" in chosen
    assert "makes 3 calls (was 1)" in chosen
