"""Handles of libcurl, of which the URLs alone are seen: pycurl's, and curl_cffi's below its sessions."""

from tests.plugin.conftest import Suite, suite

__all__ = ["suite"]

SERVER = """
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

BODY = b'{"type": "message", "usage": {"input_tokens": 1, "output_tokens": 1}}'

class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers.get("content-length") or 0))
        self.send_response(307 if "away" in self.path else 200)
        if "away" in self.path:
            self.send_header("location", "/v1/messages")
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)
    do_GET = do_POST
    def log_message(self, *args): pass

server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
PORT = server.server_address[1]
threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
"""


def test_what_curl_is_asked_in_this_process_is_told(suite: Suite) -> None:
    """It connects by itself. Where the budget file says that this machine bills, so do they."""
    suite.budget("version: 1\nloopback: live\n")
    suite.write(server=SERVER)
    suite.write(
        test_a="""
        import asyncio, io
        import curl_cffi, pycurl
        from server import PORT
        ROOT = f"http://127.0.0.1:{PORT}"
        URL = ROOT + "/v1/messages"
        def test_curl_cffi():
            handle, got = curl_cffi.Curl(), io.BytesIO()
            handle.setopt(curl_cffi.CurlOpt.URL, URL.encode())
            handle.setopt(curl_cffi.CurlOpt.WRITEDATA, got)
            handle.perform()
            assert b"message" in got.getvalue()
        def test_let_go():
            curl_cffi.requests.get(ROOT + "/v1/messages/batches")
            async def ask():
                async with curl_cffi.AsyncSession() as session:
                    await session.get(ROOT + "/v1/messages/batches")
            asyncio.run(ask())
        def perform(url):
            handle, got = pycurl.Curl(), io.BytesIO()
            handle.setopt(pycurl.URL, url)
            handle.setopt(handle.WRITEDATA, got)
            return handle, got
        def test_pycurl():
            handle, got = perform(URL.encode())
            handle.perform()
            assert b"message" in got.getvalue()
            assert isinstance(handle, pycurl.Curl)
        def test_multi():
            multi, (handle, got) = pycurl.CurlMulti(), perform(URL)
            multi.add_handle(handle)
            while multi.perform()[1]:
                multi.select(1.0)
            assert b"message" in got.getvalue()
        def test_elsewhere():
            curl_cffi.requests.get(ROOT)
            perform(ROOT)[0].perform()
        """
    )
    outcome = suite.run()
    outcome.result.assert_outcomes(passed=5)
    assert outcome.verdict == "incomplete"
    rows = outcome.report["unpriced"]
    told = {row["owner"].partition("::")[2]: row["reason"].partition(", which")[0] for row in rows}
    port = told["test_pycurl"].partition(" at ")[0].rpartition(":")[2]
    assert {
        "test_curl_cffi": f"curl_cffi asked 127.0.0.1:{port} at test_a.py:8",
        "test_pycurl": f"pycurl asked 127.0.0.1:{port} at test_a.py:20",
        "test_multi": f"pycurl asked 127.0.0.1:{port} at test_a.py:20",
    } == told


LED = """
import asyncio, io
import curl_cffi, pycurl
from curl_cffi.requests import AsyncSession, Session
from server import PORT
AWAY = f"http://127.0.0.1:{PORT}/away"
def test_curl_cffi():
    handle, got = curl_cffi.Curl(), io.BytesIO()
    handle.setopt(curl_cffi.CurlOpt.URL, AWAY.encode())
    handle.setopt(curl_cffi.CurlOpt.FOLLOWLOCATION, 1)
    handle.setopt(curl_cffi.CurlOpt.WRITEDATA, got)
    handle.perform()
    assert b"message" in got.getvalue()
def perform():
    handle, got = pycurl.Curl(), io.BytesIO()
    handle.setopt(pycurl.URL, AWAY)
    handle.setopt(pycurl.FOLLOWLOCATION, True)
    handle.setopt(handle.WRITEDATA, got)
    return handle, got
def test_pycurl():
    handle, got = perform()
    handle.perform()
    assert b"message" in got.getvalue()
def test_text(): assert "message" in perform()[0].perform_rs()
def test_multi():
    multi, (handle, got) = pycurl.CurlMulti(), perform()
    multi.add_handle(handle)
    while multi.perform()[1]:
        multi.select(1.0)
    multi.remove_handle(handle)
    assert b"message" in got.getvalue()
def test_sessions():
    with Session() as session:
        session.get(AWAY)
        with session.stream("GET", AWAY) as response: assert list(response.iter_content())
    async def ask():
        async with AsyncSession() as session: await session.get(AWAY)
    asyncio.run(ask())
"""


def test_where_curl_was_led_is_told_afterwards(suite: Suite) -> None:
    """It follows redirects by itself. What a session was led to is no message by a GET, and is seen there."""
    suite.budget("version: 1\nloopback: live\n")
    suite.write(server=SERVER, test_a=LED)
    outcome = suite.run()
    outcome.result.assert_outcomes(passed=5)
    assert outcome.verdict == "incomplete"
    told = {row["owner"].partition("::")[2]: row["reason"].partition(" to ")[0] for row in outcome.report["unpriced"]}
    who = dict.fromkeys(("test_pycurl", "test_text", "test_multi"), "pycurl was led")
    assert {"test_curl_cffi": "curl_cffi was led", **who} == told


def test_who_was_led_to_claude_by_curl_fails_where_live_calls_are_denied(suite: Suite) -> None:
    suite.budget("version: 1\nloopback: live\nlive_calls: deny\n")
    suite.write(server=SERVER, test_a=LED)
    outcome = suite.run("-k", "not sessions")
    outcome.result.assert_outcomes(failed=4, deselected=1)
    assert 4 <= outcome.said.count("it could not be held back")


def test_the_classes_of_curl_are_left_as_they_were(suite: Suite) -> None:
    """In a program that runs pytest and goes on."""
    suite.write(test_a="import curl_cffi, pycurl\ndef test_it(): assert pycurl.Curl.__module__ == 'pycurl'")
    program = """
import pytest, pycurl, curl_cffi
def found(): return pycurl.Curl, pycurl.CurlMulti, curl_cffi.Curl.setopt, curl_cffi.Curl.perform
before = found()
assert pytest.main(["-q"]) == 0
assert before == found()
"""
    suite.pytester.makepyfile(program=program)
    assert suite.pytester.runpython("program.py").ret == 0
