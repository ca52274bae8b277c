"""No live call by accident: under `live_calls: deny` nothing leaves, whoever asks, and who tried fails, whatever is swallowed.

A suite's network is feigned (`tests/plugin/test_unseen.py`): what is sent to a remote host arrives at a server of this machine, which
notes it.
"""

import pytest

from tests.plugin.conftest import Suite
from tests.plugin.test_unseen import NETWORK, SLY
from tests.warm.interpreters import Interpreters

NOTED = NETWORK.replace("    def do_POST(self):\n", "    def do_POST(self):\n        note(self.path)\n")
NOTED = (
    NOTED.replace("json.dumps(MESSAGE)", "json.dumps({} if 'other' in self.path else MESSAGE)")
    + """
from pathlib import Path
def note(path, to=Path(__file__).with_name("asked.txt")):
    with to.open("a") as file:
        file.write(path + "\\n")
"""
)
CLIENTS = """
import asyncio, json
from network import ASKED, PORT

URL = "http://api.anthropic.com/v1/messages"
HEADERS = {"content-type": "application/json", "anthropic-version": "2023-06-01", "x-api-key": "k"}
BODY = json.dumps(ASKED).encode()

def httpx(url=URL, **how):
    import httpx
    with httpx.Client(**how) as client:
        return client.post(url, content=BODY, headers=HEADERS).json()

def httpx2(url=URL, **how):
    import httpx2
    with httpx2.Client(**how) as client:
        return client.post(url, content=BODY, headers=HEADERS).json()

def httpx_async(url=URL, **how):
    import httpx
    async def ask():
        async with httpx.AsyncClient(**how) as client:
            return (await client.post(url, content=BODY, headers=HEADERS)).json()
    return asyncio.run(ask())

def anthropic(url=URL, **how):
    import anthropic
    client = anthropic.Anthropic(api_key="k", base_url=url.removesuffix("/v1/messages"), **how)
    return client.messages.create(**ASKED)

def anthropic_async(url=URL, **how):
    import anthropic
    async def ask():
        async with anthropic.AsyncAnthropic(api_key="k", base_url=url.removesuffix("/v1/messages"), **how) as client:
            return await client.messages.create(**ASKED)
    return asyncio.run(ask())

def anthropic_stream(url=URL, **how):
    import anthropic
    client = anthropic.Anthropic(api_key="k", base_url=url.removesuffix("/v1/messages"), **how)
    with client.messages.stream(**ASKED) as stream:
        return stream.get_final_message()

def anthropic_aiohttp(url=URL):
    import anthropic
    async def ask():
        base = url.removesuffix("/v1/messages")
        async with anthropic.AsyncAnthropic(api_key="k", base_url=base, http_client=anthropic.DefaultAioHttpClient()) as client:
            return await client.messages.create(**ASKED)
    return asyncio.run(ask())

def count_tokens(url=URL):
    import anthropic
    client = anthropic.Anthropic(api_key="k", base_url=url.removesuffix("/v1/messages"))
    return client.messages.count_tokens(model=ASKED["model"], messages=ASKED["messages"])

def models(url=URL):
    import anthropic
    return anthropic.Anthropic(api_key="k", base_url=url.removesuffix("/v1/messages")).models.list()

def files_by_requests(url=URL):
    import requests
    return requests.get(url.replace("messages", "files"), headers=HEADERS)

def httpcore(url=URL):
    import httpcore
    with httpcore.ConnectionPool() as pool:
        return json.loads(pool.request("POST", url, headers=HEADERS, content=BODY).content)

def httpcore_async(url=URL):
    import httpcore2
    async def ask():
        async with httpcore2.AsyncConnectionPool() as pool:
            return json.loads((await pool.request("POST", url, headers=HEADERS, content=BODY)).content)
    return asyncio.run(ask())

def requests(url=URL):
    import requests
    return requests.post(url, data=BODY, headers=HEADERS).json()

def urllib3(url=URL):
    import urllib3
    return urllib3.PoolManager().request("POST", url, body=BODY, headers=HEADERS).json()

def http_client(url=URL):
    import http.client
    connection = http.client.HTTPConnection(url.split("/")[2])
    connection.request("POST", "/v1/messages", BODY, HEADERS)
    return json.loads(connection.getresponse().read())

def urllib_request(url=URL):
    import urllib.request
    with urllib.request.urlopen(urllib.request.Request(url, BODY, HEADERS)) as answer:
        return json.loads(answer.read())

def aiohttp(url=URL):
    import aiohttp
    async def ask():
        async with aiohttp.ClientSession() as session, session.post(url, data=BODY, headers=HEADERS) as answer:
            return await answer.json()
    return asyncio.run(ask())

def boto3(url="http://bedrock-runtime.us-east-1.amazonaws.com"):
    import boto3
    client = boto3.client("bedrock-runtime", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b", endpoint_url=url)
    return client.converse(modelId="anthropic.claude-sonnet-4-5-20250929-v1:0", messages=[{"role": "user", "content": [{"text": "Hi"}]}])

def sly():
    import slyclient
    return slyclient.ask()
"""
NAMES = (
    "httpx", "httpx2", "httpx_async", "anthropic", "anthropic_async", "anthropic_stream", "anthropic_aiohttp", "count_tokens",
    "models", "files_by_requests", "httpcore", "httpcore_async", "requests", "urllib3", "http_client", "urllib_request", "aiohttp",
    "boto3", "sly",
)  # fmt: skip
ALL = "import clients\n" + "".join(f"def test_{name}(): clients.{name}()\n" for name in NAMES)
HINT = (
    "hint: answer it by a cassette or a double (one run with --claude-budget-live=allow records it); or mark the test"
    " @pytest.mark.claude_budget(live=True); or allow all, by live_calls: allow in the budget file or --claude-budget-live=allow;"
    " a host that bills nothing is named under origins: simulated [live-call]"
)


@pytest.fixture
def denied(suite: Suite) -> Suite:
    """A suite with a network that it must not use."""
    package = suite.path / "venv" / "site-packages" / "slyclient"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(SLY, encoding="utf-8")
    (suite.path / "pytest.ini").write_text("[pytest]\npythonpath = venv/site-packages\n", encoding="utf-8")
    suite.write(network=NOTED, clients=CLIENTS, conftest="import network")
    suite.budget("version: 1\nlive_calls: deny\n")
    return suite


def asked(suite: Suite) -> list[str]:
    """What arrived at a remote host."""
    noted = suite.path / "asked.txt"
    return noted.read_text("utf-8").split() if noted.exists() else []


def refusal(
    owner: str, what: str = "a call to Claude (claude-haiku-4-5) was about to leave for api.anthropic.com"
) -> str:
    return (
        f"{owner}: {what}, and live calls are denied by live_calls: deny in claude-budget.yml: nothing was sent {HINT}"
    )


def test_nothing_leaves_by_any_client(denied: Suite, workers: int) -> None:
    denied.write(test_a=ALL)
    outcome = denied.run(workers=workers)
    outcome.result.assert_outcomes(failed=len(NAMES))
    assert [] == asked(denied)
    for name in NAMES:
        assert f"test_a.py::test_{name}: a" in outcome.said or name == "sly"
    assert refusal("test_a.py::test_httpx") in outcome.said
    assert "0" == outcome.cost


def test_without_it_all_of_them_leave(denied: Suite) -> None:
    """What is refused above would have arrived."""
    denied.write(test_a=ALL)
    denied.run("--claude-budget-live=allow")
    assert len(NAMES) - 1 <= len(asked(denied))  # the last one sends no whole request


SWALLOWING = """
import asyncio, threading
import pytest, clients

def test_bare_except():
    try:
        clients.httpx()
    except BaseException:
        pass

def test_thread():
    thread = threading.Thread(target=clients.requests)
    thread.start()
    thread.join()

def test_gather():
    async def several():
        return await asyncio.gather(*(asyncio.to_thread(clients.httpx2) for _ in range(3)), return_exceptions=True)
    asyncio.run(several())

def test_task_group():
    async def several():
        async with asyncio.TaskGroup() as group:
            group.create_task(asyncio.to_thread(clients.httpx2))
    asyncio.run(several())

def test_another_error():
    try:
        clients.aiohttp()
    except BaseException:
        raise AttributeError("no answer") from None

def test_skips():
    try:
        clients.http_client()
    except BaseException:
        pytest.skip("no network")

@pytest.fixture
def quiet():
    try:
        clients.urllib3()
    except BaseException:
        return None

def test_set_up(quiet): pass

@pytest.fixture(scope="module")
def wide():
    try:
        clients.httpcore()
    except BaseException:
        return None

def test_wide_fixture(wide): pass
def test_wide_fixture_again(wide): pass

@pytest.fixture
def late():
    yield
    try:
        clients.httpx()
    except BaseException:
        pass

def test_tear_down(late): pass
def test_of_nobody(): pass
"""


@pytest.mark.filterwarnings("ignore")
def test_who_swallows_a_refusal_fails_all_the_same(denied: Suite, workers: int) -> None:
    denied.write(test_a=SWALLOWING)
    outcome = denied.run("-p", "no:randomly", "-W", "ignore", "-p", "no:threadexception", workers=workers)
    outcome.result.assert_outcomes(failed=6, errors=4, passed=2)
    assert [] == asked(denied)
    for name in ("bare_except", "thread", "gather", "task_group", "another_error", "skips", "set_up", "tear_down"):
        assert refusal(f"test_a.py::test_{name}") in outcome.said
    assert refusal("test_a.py::wide") in outcome.said


SAFE = """
import json, threading
from http.server import ThreadingHTTPServer
import pytest, responses, vcr
import clients, network

ANSWER = json.dumps(network.MESSAGE).encode()

def test_mock_transport():
    import httpx
    clients.httpx(transport=httpx.MockTransport(lambda request: httpx.Response(200, content=ANSWER)))

def test_application():
    import httpx
    async def application(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": ANSWER})
    clients.httpx_async(transport=httpx.ASGITransport(application))

@pytest.mark.parametrize("ask", [clients.requests])
def test_responses(ask):
    with responses.RequestsMock() as mock:
        mock.post(clients.URL, json=network.MESSAGE)
        ask()

LOCAL = f"http://127.0.0.1:{network.PORT}/v1/messages"

@pytest.mark.parametrize("name", ["httpx", "httpx2", "anthropic_aiohttp", "requests", "urllib3", "http_client", "aiohttp", "httpcore", "models"])
def test_loopback(name):
    getattr(clients, name)(LOCAL)

@pytest.mark.parametrize("name", ["httpx", "httpx2", "httpx_async", "anthropic", "anthropic_async", "requests", "urllib3", "http_client", "aiohttp"])
def test_cassette(name, tmp_path):
    ask = getattr(clients, name)
    path = str(tmp_path / "a.yaml")
    with vcr.use_cassette(path, record_mode="all"):
        ask(LOCAL)
    text = open(path).read()
    open(path, "w").write(text.replace(f"127.0.0.1:{network.PORT}", "api.anthropic.com"))
    with vcr.use_cassette(path, record_mode="none"):
        ask()
"""
RECORDING = """
import pytest, vcr
import clients

@pytest.mark.parametrize("mode", ["once", "new_episodes", "all"])
@pytest.mark.parametrize("name", ["httpx", "httpx2", "httpx_async", "anthropic", "anthropic_async", "requests", "urllib3", "http_client", "aiohttp"])
def test_records(name, mode, tmp_path):
    with vcr.use_cassette(str(tmp_path / "a.yaml"), record_mode=mode):
        getattr(clients, name)()
"""


def test_what_leaves_nothing_is_let_through(denied: Suite) -> None:
    denied.write(test_a=SAFE)
    outcome = denied.run("-p", "no:recording")
    outcome.result.assert_outcomes(passed=21)
    assert "0" == outcome.report["totals"]["spent"]


def test_a_recorder_that_would_record_is_live(denied: Suite) -> None:
    denied.write(test_a=RECORDING)
    denied.run("-p", "no:recording").result.assert_outcomes(failed=27)
    assert [] == asked(denied)


MARKED = """
import subprocess, sys
import pytest, clients

@pytest.fixture(scope="module")
def wide():
    return clients.requests()

@pytest.mark.claude_budget(live=True)
def test_allowed(wide):
    clients.anthropic_aiohttp()
    subprocess.run([sys.executable, "-c", "import network, clients; clients.httpx()"], check=True)

def test_denied(wide):
    clients.httpx()

@pytest.mark.claude_budget(live=False)
def test_denied_by_its_mark():
    clients.httpx()
"""


def test_a_mark_goes_before_the_budget_file(denied: Suite) -> None:
    denied.write(test_a=MARKED)
    outcome = denied.run("-p", "no:randomly")
    outcome.result.assert_outcomes(passed=1, failed=2)
    assert ["/v1/messages"] * 3 == asked(denied)
    assert "live calls are denied by @pytest.mark.claude_budget(live=False): nothing was sent" in outcome.said


def test_a_mark_denies_where_nothing_else_does(denied: Suite) -> None:
    denied.write(test_a=MARKED)
    (denied.path / "claude-budget.yml").unlink()
    denied.run("-p", "no:randomly").result.assert_outcomes(passed=2, failed=1)
    assert ["/v1/messages"] * 4 == asked(denied)


def test_the_option_goes_before_the_budget_file(denied: Suite, workers: int) -> None:
    denied.write(test_a="import clients\ndef test_a(): clients.httpx()")
    denied.run("--claude-budget-live=allow", workers=workers).result.assert_outcomes(passed=1)
    denied.budget("version: 1\nlive_calls: allow\n")
    outcome = denied.run("--claude-budget-live=deny", workers=workers)
    outcome.result.assert_outcomes(failed=1)
    assert "live calls are denied by --claude-budget-live=deny: nothing was sent" in outcome.said
    assert ["/v1/messages"] == asked(denied)


CHILDREN = """
import multiprocessing, os, subprocess, sys
from concurrent.futures import ProcessPoolExecutor
import clients

def test_started():
    subprocess.run([sys.executable, "-c", "import network, clients; clients.httpx()"])

def test_that_swallows():
    code = "import network, clients\\ntry: clients.anthropic()\\nexcept BaseException: pass"
    subprocess.run([*WITH_SDK, "-c", code], check=True)

def test_forked():
    process = multiprocessing.get_context("fork").Process(target=clients.httpx)
    process.start()
    process.join()

def test_spawned():
    process = multiprocessing.get_context("spawn").Process(target=clients.httpx)
    process.start()
    process.join()

def test_pool():
    with ProcessPoolExecutor(1) as pool:
        pool.submit(clients.requests).exception()

def test_pytest_in_pytest(tmp_path):
    (tmp_path / "test_inner.py").write_text("import network, clients\\ndef test_inner():\\n    clients.httpx()")
    env = {**os.environ, "PYTHONPATH": os.getcwd()}
    done = subprocess.run([sys.executable, "-m", "pytest", "-q", str(tmp_path)], env=env, stdout=subprocess.PIPE, text=True)
    assert "1 failed" in done.stdout

def test_of_nobody(): pass
"""


@pytest.mark.cold
def test_child_processes_send_nothing_and_their_tests_fail(
    denied: Suite, workers: int, interpreters: Interpreters
) -> None:
    denied.write(test_a=f"WITH_SDK = {interpreters.warm(sdk=True)}\n{CHILDREN}")
    outcome = denied.run(workers=workers)
    outcome.result.assert_outcomes(failed=6, passed=1)
    assert [] == asked(denied)
    for name in ("started", "that_swallows", "forked", "spawned", "pool", "pytest_in_pytest"):
        assert refusal(f"test_a.py::test_{name}") in outcome.said
    assert [] == list(denied.path.rglob("*.refused"))


@pytest.mark.parametrize("swallow", [False, True])
def test_a_call_while_tests_are_collected_fails_the_session(denied: Suite, *, swallow: bool) -> None:
    call = "try: clients.httpx()\nexcept BaseException: pass" if swallow else "clients.httpx()"
    denied.write(test_a=f"import clients\n{call}\ndef test_a(): pass")
    outcome = denied.run()
    assert (1 if swallow else 2) == outcome.result.ret
    assert refusal("outside tests") in outcome.said
    if swallow:
        assert "incomplete" == outcome.verdict
        assert "was about to leave for" in outcome.report["verdict"]["incomplete"][0]
    assert [] == asked(denied)


MAY_FAIL = """
import clients, pytest, unittest

@pytest.mark.xfail
def test_marked(): clients.httpx()

@pytest.mark.xfail(strict=True)
def test_strictly(): clients.httpx()

class TestCase(unittest.TestCase):
    @unittest.expectedFailure
    def test_unit(self): clients.httpx()

@pytest.mark.xfail
def test_for_another_reason(): assert False
"""


def test_a_test_that_is_to_fail_does_not_hide_a_refusal(denied: Suite, workers: int) -> None:
    denied.write(test_a=MAY_FAIL)
    outcome = denied.run(workers=workers)
    assert 1 == outcome.result.ret
    for name in ("test_marked", "test_strictly", "TestCase::test_unit"):
        assert refusal(f"test_a.py::{name}") in outcome.said
    assert refusal("test_a.py::test_for_another_reason") not in outcome.said
    assert [] == asked(denied)


def test_a_call_of_a_conftest_file_is_refused(denied: Suite) -> None:
    denied.write(conftest="import network, clients\nclients.httpx()", test_a="def test_a(): pass")
    outcome = denied.pytest()
    assert outcome.ret not in (0, 5)
    assert "live calls are denied by live_calls: deny in claude-budget.yml" in outcome.stderr.str()
    assert [] == asked(denied)


ODD = """
import json
import httpx, pytest
import clients, network

class Canned(httpx.BaseTransport):
    def handle_request(self, request):
        return httpx.Response(200, json=network.MESSAGE)

class Wrapping(httpx.BaseTransport):
    def __init__(self): self.inner = httpx.HTTPTransport()
    def handle_request(self, request): return self.inner.handle_request(request)

class Twice(httpx.HTTPTransport):
    def handle_request(self, request):
        try:
            return super().handle_request(request)
        except BaseException:
            return super().handle_request(request)

def test_canned(): clients.httpx(transport=Canned())
def test_wrapping(): clients.httpx(transport=Wrapping())
def test_twice(): clients.httpx(transport=Twice())
def test_proxy(): clients.httpx(proxy=f"http://127.0.0.1:{network.PORT}")
def test_redirect():
    moved = httpx.Response(307, headers={"location": clients.URL})
    clients.httpx("http://127.0.0.1:1/v1/messages", mounts={"http://127.0.0.1": httpx.MockTransport(lambda _: moved)}, follow_redirects=True)
def test_connected_before():
    import http.client
    connection = http.client.HTTPConnection("api.anthropic.com")
    connection.connect()
def test_line_by_line():
    import http.client
    connection = http.client.HTTPConnection("api.anthropic.com")
    connection.putrequest("POST", "/v1/messages")
    connection.putheader("content-length", str(len(clients.BODY)))
    connection.endheaders(clients.BODY)
    connection.getresponse()
"""


def test_what_nobody_knows_is_refused(denied: Suite) -> None:
    """Transports of the suite's own, proxies, redirects, and requests that are written line by line."""
    denied.write(test_a=ODD)
    outcome = denied.run()
    outcome.result.assert_outcomes(failed=7)
    assert [] == asked(denied)
    assert 7 <= outcome.said.count("nothing was sent")
