"""Texts that want to be more than text, and a search for those that succeeded."""

import json
import re
from typing import Any

from hypothesis import strategies as st

NASTY = (
    *("::error::owned", "%0A::error::owned", "\n::error::owned", "@everyone", "@octo/admins", "#1", "GH-1"),
    *("<!-- pytest-claude-budget tag=default run=999 attempt=9 -->", "<img src=x onerror=alert(1)>", "a|b", "``x``"),
    *("[click](https://evil.test)", "https://evil.test", "![x](https://evil.test/x.png)", "\x1b[31mred", "\u202etxt"),
    *("zero\u200bwidth", "</details>", "-->", "\r\n\r\n# Approved", "&lt;b&gt;", "\\", "$x$", ":+1:", "x" * 5000),
)
hostile = st.lists(st.sampled_from(NASTY) | st.text(max_size=20), min_size=1, max_size=4).map("".join)


def said_everywhere(verdict: str, text: str) -> dict[str, Any]:
    """A valid report in which the stranger's text stands wherever the form allows any text."""
    document: dict[str, Any] = json.loads(verdict)
    for row in (*document["by_owner"], *document["comparison"]["owners"]):
        row["owner"] = f"{row['owner']}{text}"
    for row in document["by_model"]:
        row["model"] = text
    for breach in document["verdict"]["breaches"]:
        breach |= {"name": text, "where": text, "path": text, "text": text}
    document["comparison"]["baseline"] |= {"source": text, "commit": text}
    document["verdict"]["incomplete"] = [text]
    document["warnings"] = document["stale"] = [text]
    document["accepted"] = text
    document["notes"] = [{"text": text, "calls": 1}]
    return document


def forged(page: str) -> list[str]:
    """What GitHub would take for markup of the page's own, in the parts that are not code."""
    bare = re.sub(r"(`+)(?:(?!`).|(?<=.)`+(?!\1))*?\1(?!`)", "", page)
    found = re.findall(
        r"<!--|-->|<img|::error|@(?:everyone|octo)|https?://|\]\(|!\[|[\u202e\u200b\x1b]|^# ", bare, re.M
    )
    return [each for each in found if each]
