"""curl, as a suite starts it. It sends a long request only once it is told to go on."""

import json
import shutil

from tests.plugin.conftest import Suite

CURL = shutil.which("curl") or "curl"


def test_its_calls_are_paid_by_the_test_that_starts_it(programs: Suite) -> None:
    """A short and a long question on Haiku 4.5, of 1,001 and 1,002 of input: 0.002003 + 2 * 0.0006875 = $0.003378."""
    short, long = (
        {"model": "claude-haiku-4-5", "max_tokens": 9, "messages": [{"role": "user", "content": "x" * n}]}
        for n in (9, 2_000_000)
    )
    (programs.path / "short.json").write_text(json.dumps(short), encoding="utf-8")
    (programs.path / "long.json").write_text(json.dumps({**long, "stream": True}), encoding="utf-8")
    programs.write(
        test_it=f"""
import subprocess

ASKS = '''{CURL} -sS --fail --compressed -H 'anthropic-version: 2023-06-01' -H 'content-type: application/json'
 -H "x-api-key: $ANTHROPIC_API_KEY" "$ANTHROPIC_BASE_URL/v1/messages" -d @'''.replace("\\n", "")


def test_it():
    assert '"input_tokens": 1001' in subprocess.check_output(ASKS + "short.json", shell=True, text=True)
    assert "event: message_stop" in subprocess.check_output(ASKS + "long.json", shell=True, text=True)
"""
    )
    outcome = programs.run()
    assert outcome.result.ret == 0, outcome.result.outlines
    assert (outcome.owner("test_it.py::test_it")["calls"], outcome.cost) == (2, "0.003378")
