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
from tests.html.full import full, history

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WATERFALL = [
    "Baseline · $0.0588",
    "Makes 3 calls (was 1) · +$0.0175 · test_refund",
    "New tests · +$0.0025 · test_escalate",
    "Cache reads 7,600 → 5,000: block 2 of the system prompt changed · +$0.00234 · test_triage[german]",
    "System prompt +160 tokens · +$0.00016 · test_triage[german]",
    "This run · $0.0813",
]
IMG = "Desk.triage.<locals>.<img onerror=x>"
PAYING = ["reply, helpdesk/replies.py:42: $0.03, 4 calls", f"{IMG}, helpdesk/triage.py:18: $0.0088, 1 call"]
REFUND = "test_refund, tests/test_support.py:41: $0.0275, 3 calls"
LOST = "No line known: $0.0425"
GERMAN = "test_triage, tests/test_triage.py:12: "
FLAME = ["All calls: $0.0813", *PAYING, LOST, REFUND, f"{GERMAN}$0.0025, 1 call", f"{GERMAN}$0.0088, 1 call"]
REPLY = "reply, helpdesk/replies.py:42: "
# 0.0088 + 0.0025 = 0.0113
FLAME_DOWN = ["All calls: $0.0813", REFUND, f"{GERMAN}$0.0113, 2 calls", LOST]
FLAME_DOWN += [f"{REPLY}$0.0275, 3 calls", PAYING[1], f"{REPLY}$0.0025, 1 call"]
KINDS = ["Input · 13,200 (19%) · $0.0132", "Cache read · 55,000 (78%) · $0.0055", "Output · 1,980 (2.8%) · $0.0626"]
MONTHS = [
    "triage · $440.00 · was $315.00",
    "support · $330.00 · was $120.00",
    "triage · $1,056 · was $756.00",
    "support · $825.00 · was $300.00",
]
HISTORY = [
    "2026-10-01 · $0.05 · a1b2c3d Change <i>1</i>",
    "2026-10-12 · $0.0588 · c1b2c3d Change <i>12</i>",
    "2026-10-30 · $0.0813 · d1b2c3d Change <i>30</i>",
]
SEARCH = [f"test_answer_{number}" for number in range(6)]


def chromium() -> str:
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    assert found is not None, "install Chromium: Debian's package is `chromium`"
    return found


def test_a_real_browser_shows_draws_and_sorts_a_page_and_asks_the_network_for_nothing(tmp_path: Path) -> None:
    pages = {name: page(document(name), packaged_looks()) for name in ("many", "hostile")}
    for name, text in {**pages, "full": page(full(), packaged_looks(), history())}.items():
        (tmp_path / f"{name}.html").write_text(text, encoding="utf-8")
    command = [str(NODE), str(Path(__file__).with_name("browse.mjs")), str(MODULES), chromium(), str(tmp_path)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (0, "") == (ran.returncode, ran.stderr)
    seen = json.loads(ran.stdout)
    chosen = seen.pop("chosen")
    assert {
        "troubles": [],
        "charts": {
            "waterfall": {"shapes": 6, "words": WATERFALL},
            "flame": {"shapes": 7, "words": FLAME},
            "kinds": {"shapes": 3, "words": KINDS},
            "months": {"shapes": 8, "words": MONTHS},
            "history": {"shapes": 4, "words": HISTORY},
        },
        "dearest": ["test_refund", "test_triage[german]", "test_answer_5"],
        "flame_zoomed": [f"{GERMAN}$0.0088, 1 call"] * 2,
        "flame_down": FLAME_DOWN,
        "features": [["search", "support", "triage", "(no feature)"], ["support", "triage", "search", "(no feature)"]],
        "by_name": ["Test ↑ ascending", SEARCH[:3]],
        "by_name_down": ["Test ↓ descending", ["test_triage[german]", "test_escalate", "test_refund"]],
        "searched": ["1 of 9 rows", ["test_escalate"]],
        "dark": "rgb(23, 24, 27)",
        "narrow": [360, True],
        "printed": ["none", "none", "block"],
        "many": [True, "5,000 rows", "5001"],
        "many_end": [True, "5001"],
        "many_by_keys": ["5000", "3", 0, 1],  # with the row of headings the last but one, and the second
        "hostile": [0, 0, 3, 0, 0],
        "without_scripts": 9,
    } == seen
    assert chosen.startswith("tests/test_support.py::test_refund\n")
    assert "$0.0275" in chosen
    assert "makes 3 calls (was 1)" in chosen
