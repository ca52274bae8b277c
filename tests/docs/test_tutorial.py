"""The tutorial, as its reader goes through it: its files are written, its commands run, and they print what it shows."""

import re
from pathlib import Path

import pytest

from tests.docs import shop
from tests.docs.pages import ROOT
from tests.warm.interpreters import Interpreters

TUTORIAL = ROOT / "docs" / "tutorial.md"
FILE = re.compile(r"`([\w./-]+\.\w+)`[^`]*\n\n```(?:python|yaml|ini)\n(.*?)^```$", re.M | re.S)
SESSION = re.compile(r"^```console\n\$ ([^\n]+)\n(.*?)^```$", re.M | re.S)


def walked(text: str, folder: Path, python: tuple[str, ...]) -> str:
    """The tutorial with what its commands print now, in the order in which files and commands stand in it."""
    steps = sorted([*FILE.finditer(text), *SESSION.finditer(text)], key=lambda step: step.start())
    written, end = [], 0
    for step in steps:
        if step.re is FILE:
            path = folder / step[1]
            path.parent.mkdir(exist_ok=True)
            path.write_text(step[2], encoding="utf-8")
        else:
            ended = shop.run(folder, *python, "-m", *step[1].split())
            printed = re.sub(r"in \d+\.\d\ds", "in 0.05s", ended.stdout)
            written += [text[end : step.start(2)], printed]
            end = step.end(2)
    return "".join([*written, text[end:]])


def test_the_tutorial_shows_what_its_reader_sees(
    tmp_path: Path, interpreters: Interpreters, request: pytest.FixtureRequest
) -> None:
    """200 × 3 + 20 × 15 are 900 millionths a call: three calls $0.0027, a fourth $0.0009 or a third more."""
    text = TUTORIAL.read_text(encoding="utf-8")
    now = walked(text, tmp_path, interpreters.warm())
    if request.config.getoption("--update"):
        TUTORIAL.write_text(now, encoding="utf-8")
    assert text == now, "if this is meant: pytest tests/docs --update"
    runs = [step[2] for step in SESSION.finditer(text)]
    assert ["$0.0027", "$0.0027", "$0.0036", "$0.0036"] == [
        re.findall(r"^total .*(\$.*)", run, re.M)[0] for run in runs
    ]
    assert "+$0.0009 (+33.3%)" in runs[2]
