"""Which line of the user's code sends a call, by frames that are made up: each function lies in the file that it says."""

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest

from pytest_claude_budget.intercept.exchange import ABOVE
from pytest_claude_budget.measure.call_site import MOST_FRAMES, CallSites, function_of
from tests.builders.watched import Told, message, send, watched

ROOT = os.path.join(os.sep, "suites", "desk")  # noqa: PTH118  # as code objects have it
LIBRARY = os.path.join(ROOT, ".venv", "lib", "site-packages", "sdk", "client.py")  # noqa: PTH118
OURS = os.path.join("", "pytest_claude_budget", "")  # noqa: PTH118
PYTEST = os.path.join(os.sep, "lib", "_pytest", "python.py")  # noqa: PTH118


def code(file: str, text: str, **names: Any) -> Any:
    """What a file of this text defines, under the name `f`."""
    space: dict[str, Any] = dict(names)
    exec(compile(text, file, "exec"), space)
    return space["f"]


def own(file: str, text: str, **names: Any) -> Any:
    """The same, of a file within the rootdir."""
    return code(os.path.join(ROOT, *file.split("/")), text, **names)  # noqa: PTH118


def library(call: Callable[[], Any]) -> Any:
    """A function of an installed package that calls another."""
    return code(LIBRARY, "def f(*given): return call()", call=call)


@pytest.fixture
def sdk() -> Any:
    """Sends a call, and returns where it was sent from: below it, there is what opens an exchange."""
    sites = CallSites(ROOT)
    return library(library(partial(sites.here, 1)))


def test_the_site_is_the_innermost_frame_of_the_user(sdk: Any) -> None:
    """Above it come the user's others, and nothing of what lies between; what calls a test ends it."""
    ask = own("helpdesk/ask.py", "class Desk:\n  def ask(self):\n    return (\n      sdk())\nf = Desk().ask", sdk=sdk)
    test = own("tests/test_a.py", "\ndef test_a():\n  return via()\nf = test_a", via=library(ask))
    above = own("conftest.py", "def f(): return run()", run=code(PYTEST, "def f(): return test()", test=test))
    expected = "helpdesk/ask.py:4 Desk.ask\ntests/test_a.py:3 test_a"
    assert [expected, expected] == [above().text for _ in range(2)]


@pytest.mark.parametrize("file", [LIBRARY, None, 7])
def test_a_library_is_known_by_the_file_of_its_module(file: object) -> None:
    """Its code tells, where the module has none. The user's code tells by itself, whatever its module says."""
    sites = CallSites(ROOT)
    sdk = code(LIBRARY, "def f(): return g()", g=library(partial(sites.here, 1)), __file__=file)
    between = own("hook.py", "def f(): return sdk()", sdk=sdk, __file__=os.path.join(ROOT, "hook.py"))  # noqa: PTH118
    ask = own("a.py", "def f(): return g()", g=code(LIBRARY, "def f(): return g()", g=between, __file__=file))
    assert ["hook.py:1 f\na.py:1 f"] * 3 == [ask().text for _ in range(3)]


def test_one_function_has_a_site_for_each_of_its_lines(sdk: Any) -> None:
    both = own("a.py", "def f():\n  yield sdk()\n  yield sdk()", sdk=sdk)
    assert ["a.py:2 f", "a.py:3 f"] == [site.text.partition("\n")[0] for site in both()]


def test_a_comprehension_is_part_of_its_function(sdk: Any) -> None:
    """As it is from Python 3.12 on; lines are told once."""
    for text in ("[sdk() for _ in '1']", "list(sdk() for _ in '1')", "list({1: sdk() for _ in '1'}.values())"):
        assert ["a.py:1 f"] == [site.text for site in own("a.py", f"def f(): return {text}", sdk=sdk)()]
    assert "<module>" == function_of(compile("[1 for _ in '1']", "a.py", "exec"))


def test_what_is_not_within_the_rootdir_is_a_library(sdk: Any) -> None:
    for file in ("/suites/desk-2/a.py", "/suites/a.py", "<string>", "<frozen importlib._bootstrap>", asyncio.__file__):
        assert code(file.replace("/", os.sep), "def f(): return sdk()", sdk=sdk)().text is None
    assert library(partial(CallSites(str(Path(__file__).parents[3])).here, 1))().text.startswith("tests/unit/")


def test_a_deep_recursion_tells_the_innermost_frames(sdk: Any) -> None:
    deep = own("a.py", "def f(n):\n  return f(n - 1) if n else g()", g=own("b.py", "def f(): return sdk()", sdk=sdk))
    assert ["b.py:1 f", "a.py:2 f"] == deep(50).text.split("\n")
    other = own("a.py", "def f(n):\n  if n % 2:\n    return f(n - 1)\n  return f(n - 1) if n else sdk()", sdk=sdk)
    assert MOST_FRAMES == len(other(50).text.split("\n"))


WAITS = {
    "gather": "await asyncio.gather(send(), asyncio.sleep(0))",
    "a task": "await asyncio.create_task(send())",
    "wait": "await asyncio.wait([asyncio.create_task(send())])",
    "wait_for": "await asyncio.wait_for(send(), 60)",
    "shield": "await asyncio.shield(send())",
    "a group": "async with asyncio.TaskGroup() as group: group.create_task(send())",
    "anyio": "async with anyio.create_task_group() as group: group.start_soon(send)",
}


def test_a_task_that_began_in_the_sdk_is_of_the_coroutine_that_waits(sdk: Any) -> None:
    """No frame of it is on the stack. What it waits in does not matter, nor how deep in a coroutine it does."""
    found: dict[str, str | None] = {}
    for name, text in WAITS.items():

        async def said(name: str = name) -> None:
            found[name] = sdk().text

        space = {"asyncio": asyncio, "anyio": __import__("anyio")}
        send = code(LIBRARY, "async def f(): await said()", said=_of_library(said))
        fan_out = own("fan_out.py", f"async def f():\n  {text}", send=send, **space)
        asyncio.run(own("test_a.py", "async def f():\n  await fan_out()", fan_out=fan_out)())
    assert dict.fromkeys(WAITS, "fan_out.py:2 f\ntest_a.py:2 f") == found


def _of_library(work: Callable[[], Coroutine[Any, Any, None]]) -> Any:
    return code(LIBRARY, "async def f(): await work()", work=work)


def test_the_frames_of_an_exchange_that_are_ours_are_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a sink opens it, the frames below the one that is so many above are ours, and that is where the hook was called from."""
    found: list[list[bool]] = []

    def open_(self: Told, retry: int, above: int) -> int:
        below = list(map(sys._getframe, range(1, above)))
        found.append([OURS in frame.f_code.co_filename for frame in below])
        return retry

    monkeypatch.setattr(Told, "open", open_)
    with watched() as told:
        send(httpx2, lambda request: httpx2.Response(200, json=message()), asynchronous=False)
        send(httpx2, lambda request: httpx2.Response(200, json=message()), asynchronous=True)
    assert (2 * [[True] * (ABOVE - 1)], []) == (found, told.faults)


def test_a_thread_that_a_library_began_has_no_site(sdk: Any) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        assert (None, "a.py:1 f") == tuple(
            pool.submit(each).result().text for each in (sdk, own("a.py", "def f(): return sdk()", sdk=sdk))
        )


def test_names_that_are_no_text_do_no_harm(sdk: Any) -> None:
    """A file's name may hold anything."""
    assert "a?b.py:1 f" == own("a\nb.py", "def f(): return sdk()", sdk=sdk)().text
