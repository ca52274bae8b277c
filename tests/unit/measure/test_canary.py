"""What the canary costs those who never connect, and that the first event is not too late for it."""

import json
import os
import subprocess
import sys

import pytest

FRESH = """
import builtins, json, os, subprocess, sys, types
installed, add = [], sys.addaudithook
def noted(hook):
    installed.append(isinstance(hook, types.FunctionType))
    add(hook)
sys.addaudithook = noted
from pytest_claude_budget.measure import canary
heard = []
def notice(runs, event, arguments, frame):
    heard.append([event, frame.f_code.co_name])
noticed = types.ModuleType("pytest_claude_budget.measure.noticed")
noticed.notice = notice
sys.modules["pytest_claude_budget.measure.noticed"] = noticed
runs, heeded = {}, []
class Run:
    def heed(self): heeded.append(len(heard))
canary.watch(runs)
canary.watch(runs)
"""
TELL = "\nprint(json.dumps([installed, heard]))\n"


def told(code: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[list[bool], list[list[object]]]:
    """Run it in a process of its own: which hooks were installed, whether each is in Python; and what was heard."""
    script = tmp_path_factory.mktemp("canary") / "fresh.py"
    script.write_text(FRESH + code + TELL, encoding="utf-8")
    env = {
        name: value for name, value in os.environ.items() if not name.startswith("CLAUDE_BUDGET_")
    }  # measured by nobody
    ended = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, check=True, timeout=60, env=env
    )
    installed, heard = json.loads(ended.stdout.splitlines()[-1])
    return installed, heard


def test_events_that_are_nobodys_business_are_heard_by_no_python(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A hook in Python is called thousands of times in a run without a single test."""
    assert ([False], []) == told("runs[1] = Run()\nid(1), compile('1', '', 'eval'), os.listdir()", tmp_path_factory)


@pytest.mark.parametrize(
    ("code", "event", "asks"),
    [
        ("os.system('true')", "os.system", "<module>"),
        ("subprocess.run(['true'])", "subprocess.Popen", "_execute_child"),
        ("os.waitpid(os.posix_spawn('/bin/sh', ['sh', '-c', 'true'], {}), 0)", "os.posix_spawn", "<module>"),
        ("import socket; socket.socket().connect_ex(('127.0.0.1', 9))", "socket.connect", "<module>"),
        ("import socket; socket.getaddrinfo('127.0.0.1', 9)", "socket.getaddrinfo", "getaddrinfo"),
        ("sys.audit('pytest_claude_budget.curl', 'curl', b'')", "pytest_claude_budget.curl", "<module>"),
    ],
)
def test_the_first_event_is_heard_with_the_code_that_raised_it(
    code: str, event: str, asks: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    installed, heard = told(f"runs[1] = Run()\n{code}\n{code}", tmp_path_factory)
    assert ([False, True], [[event, asks]] * 2) == (installed, heard)


@pytest.mark.parametrize("code", ["os.fork() or os._exit(0)", "os.system('true')"])
def test_who_pays_matters_from_the_first_event_on(code: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Before anything is noticed of it, and for a fork, of which nothing is."""
    _, heard = told(f"runs[1] = Run()\n{code}\nheard.append(heeded)", tmp_path_factory)
    assert heard[-1] == [0]


def test_nothing_is_heard_where_no_run_goes_on(tmp_path_factory: pytest.TempPathFactory) -> None:
    code = """
canary.rest()
os.system("true")
runs[1] = Run()
canary.watch(runs)
os.system("true")
runs.clear()
canary.rest()
os.system("true")
"""
    assert ([False, True], [["os.system", "<module>"]]) == told(code, tmp_path_factory)


def test_a_process_whose_runs_are_over_leads_from_the_hook_to_nothing(tmp_path_factory: pytest.TempPathFactory) -> None:
    """An interpreter that ends goes through all that a hook leads to, which would take longer than to load this package."""
    code = """
import gc
runs[1] = Run()
waiting = len(gc.get_referents(canary._LOOKED_UP))
runs.clear()
canary.rest()
heard.append([waiting > 0, len(gc.get_referents(canary._LOOKED_UP))])
"""
    assert ([False], [[True, 0]]) == told(code, tmp_path_factory)


def test_many_threads_bring_the_hook_in_once(tmp_path_factory: pytest.TempPathFactory) -> None:
    code = """
import threading
runs[1] = Run()
start = threading.Barrier(8)
def ask():
    start.wait()
    for _ in range(50):
        sys.audit("socket.connect", None, ("127.0.0.1", 9))
threads = [threading.Thread(target=ask) for _ in range(8)]
[each.start() for each in threads], [each.join() for each in threads]
"""
    installed, heard = told(code, tmp_path_factory)
    assert ([False, True], 400) == (installed, len(heard))
