"""Every call of Claude has the fingerprint of its request in the ledger, however it ended."""

import json
import sqlite3
from contextlib import closing
from hashlib import blake2b

from tests.plugin.conftest import Suite, ledgers


def test_every_call_is_stored_with_its_request(suite: Suite) -> None:
    """Measured, cut off, failed and unmeasured ones; two of the same question have the same hash."""
    suite.write(
        test_a="""
        import anthropic, asyncio, pytest
        from claude_double import REQUEST, answering, ask, ask_async, httpx, stream_body
        EVENTS = {"content-type": "text/event-stream"}
        def test_measured():
            ask()
        def test_measured_async():
            asyncio.run(ask_async())
        def test_stream():
            def pieces(): yield stream_body()
            client = answering(lambda r: httpx.Response(200, headers=EVENTS, content=pieces()))
            list(client.messages.create(stream=True, **REQUEST))
        def test_cut():
            def pieces(): yield stream_body(end=False)
            client = answering(lambda r: httpx.Response(200, headers=EVENTS, content=pieces()))
            list(client.messages.create(stream=True, **REQUEST))
        def test_failed():
            with pytest.raises(anthropic.BadRequestError):
                answering(lambda r: httpx.Response(400, json={})).messages.create(**REQUEST)
        def test_unmeasured():
            answering(lambda r: httpx.Response(200, json={"type": "message"})).messages.create(**REQUEST)
        def test_no_answer():
            def respond(request): raise httpx.ReadTimeout("late") from OSError()
            with pytest.raises(anthropic.APITimeoutError):
                answering(respond).with_options(max_retries=0).messages.create(**REQUEST)
        def test_counted():
            answering(lambda r: httpx.Response(200, json={"input_tokens": 5})).messages.count_tokens(
                model="claude-haiku-4-5", messages=REQUEST["messages"])
        """
    )
    outcome = suite.run()
    outcome.result.assert_outcomes(passed=8)
    with closing(sqlite3.connect(ledgers(suite.path)[0])) as connection:
        stored = dict(connection.execute("SELECT owner, request FROM calls").fetchall())
    assert stored.pop("test_a.py::test_counted") is None
    assert len(stored) == 7
    canonical = b'[{"content":"hi","role":"user"}]'
    expected = blake2b(canonical, digest_size=5, key=b"pytest-claude-budget").hexdigest()
    assert {json.loads(request)["messages"] for request in stored.values()} == {f"{expected}:32"}
