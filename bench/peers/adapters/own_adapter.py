"""This project: a suite of one test for each answer, replayed by httpx's mock transport, and the JSON report of its run."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

SUITE = """
import httpx

ANSWER = {answer!r}
STREAM = {stream!r}


def test_it():
    content, kind = (STREAM, "text/event-stream") if STREAM else (ANSWER, "application/json")
    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=content, headers={{"content-type": kind}}))
    with httpx.Client(transport=transport) as client:
        body = {{"model": {model!r}, "max_tokens": 300, "messages": [{{"role": "user", "content": "Hello"}}], **{more!r}}}
        client.post({url!r}, json=body, headers={{"anthropic-version": "2023-06-01"}}).read()
"""


def suite(case: dict[str, Any]) -> str:
    """The test of a case."""
    bedrock = case["name"] == "regional"
    url = "https://api.anthropic.com/v1/messages"
    if bedrock:
        url = f"https://bedrock-runtime.us-east-1.amazonaws.com/model/{case['model']}/invoke"
    stream, more = "", {}
    if case["name"] == "stream":
        stream = "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in case["events"])
        more = {"stream": True}
    if bedrock:
        more = {"anthropic_version": "bedrock-2023-05-31"}
    answer = json.dumps(case["message"])
    return SUITE.format(answer=answer, stream=stream, model=case["model"], more=more, url=url)


def main() -> None:
    """Print what the report charges each test with."""
    folder = Path(tempfile.mkdtemp())
    (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    for case in json.load(sys.stdin)["cases"]:
        (folder / f"test_{case['name']}.py").write_text(suite(case), encoding="utf-8")
    asked = ["-q", "--claude-budget-report=json:cost.json"]
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *asked], cwd=folder, capture_output=True, text=True, check=False
    )
    report = json.loads((folder / "cost.json").read_text("utf-8"))
    unpriced = {row["owner"] for row in report["unpriced"]}
    charged = {
        row["owner"].partition("::")[0][5:-3]: "none" if row["owner"] in unpriced else row["cost"]
        for row in report["by_owner"]
    }
    print(ran.stdout if not charged else "", json.dumps(charged), sep="\n")


main()
