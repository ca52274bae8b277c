"""Programs that ask Claude and that no hook sees: Claude Code, node with Anthropic's package, curl.

A program is known by its name and its command line, and where it asks by its base URL. One that asks a host that bills nothing
is nobody's business, and so is one that a gateway of ours stands before.
"""

import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from pytest_claude_budget.calls.claude_hosts import is_claude_host
from pytest_claude_budget.ledger.outside import exists

Environment = Mapping[str, str]
Bills = Callable[[str], bool]
"""Does what answers at this base URL bill?"""

_BASE_URLS = (
    ("CLAUDE_CODE_USE_BEDROCK", "ANTHROPIC_BEDROCK_BASE_URL"),
    ("CLAUDE_CODE_USE_VERTEX", "ANTHROPIC_VERTEX_BASE_URL"),
    ("CLAUDE_CODE_USE_FOUNDRY", "ANTHROPIC_FOUNDRY_BASE_URL"),
)
"""Claude Code's switch, and where its base URL stands then."""
_BASE_URL = "ANTHROPIC_BASE_URL"
ANTHROPIC = "https://api.anthropic.com"
"""Or a cloud that serves Claude: it bills all the same."""
_KEYS = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN")
_FREE = frozenset(("-v", "--version", "-h", "--help", "config", "doctor", "install", "mcp", "plugin", "update"))
"""What Claude Code does without asking Claude."""
_SCRIPTED = frozenset(("node", "nodejs", "npx", "npm", "bun", "bunx", "deno", "pnpm", "yarn", "tsx"))
_FETCHING = frozenset(("curl", "wget", "http", "https", "xh"))
_SHELLS = frozenset(("sh", "bash", "dash", "zsh", "ksh", "fish", "cmd", "pwsh", "powershell"))
_PASSING_ON = frozenset(("env", "exec", "nice", "nohup", "setsid", "stdbuf", "sudo", "time", "timeout", "xargs"))
"""Programs that start what their command line names."""
_PATHS = ("/v1/messages", "/chat/completions", "/v1/complete")
_COMMANDS = re.compile(r"[;&|()`\n]+")
_WORDS = re.compile(r"[^\s'\"<>]+")
_ASSIGNED = re.compile(r"(\w+)=(.*)", re.DOTALL)
_OPTION = re.compile(r"-|[0-9.]+[smhd]?$")
_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)(?::?-([^}]*))?\})")
_URL = re.compile(r"https?://[^\s'\"?#]+")
_SUFFIXES = (".exe", ".cmd", ".bat")


def asks_claude(event: str, arguments: tuple[Any, ...], bills: Bills) -> str | None:
    """What was started, where it asks Claude and nobody sees that; None where it does not."""
    try:
        words, told = _command(event, arguments)
    except (TypeError, ValueError, AttributeError):
        return None  # nothing is started with such arguments: the call itself fails by them
    for command, env in _commands(words, told):
        name, rest = _name(command[0]), command[1:]
        if name == "claude" and not (rest and rest[0] in _FREE) and _bills_here(env, bills):
            return "claude was started"
        if name in _SCRIPTED and _scripted(rest, env, bills):
            return f"{name} was started with Claude's API"
        if name in _FETCHING and any(is_claude_url(each, bills) for each in rest):
            return f"{name} was started with Claude's API"
    return None


def asked_by(event: str, arguments: tuple[Any, ...]) -> str:
    """The base URL that a program of Anthropic's asks, which was started so. May raise."""
    _, env = _command(event, arguments)
    return env.get(_base_url_name(env)) or ANTHROPIC


def _command(event: str, arguments: tuple[Any, ...]) -> tuple[list[str], Environment]:
    """The words of a command line, and its environment."""
    if event == "os.system":
        return ["sh", "-c", _text(arguments[0])], _environment(None)
    if event == "os.spawn":
        _, path, args, env = arguments
    elif event == "subprocess.Popen":
        path, args, _, env = arguments
    else:
        path, args, env = arguments
    if isinstance(args, str | bytes):  # as Windows has it
        return _WORDS.findall(_text(args)), _environment(env)
    words = [_text(each) for each in args or ()]
    first = _text(path or "")
    if first and words and _name(first) != _name(words[0]) and _name(words[0]) != "claude":
        words[0] = first
    return words or [first], _environment(env)


def _environment(env: Any) -> Environment:
    if env is None:
        pointed = sys.modules.get("pytest_claude_budget.measure.base_url")
        told = None if pointed is None else pointed.told_of()
        return os.environ if told is None else told.added_to(os.environ)
    if hasattr(env, "items"):  # as subprocess asks for them, be it a mapping or not
        return {_text(key): _text(value) for key, value in env.items()}
    return dict(_text(each).partition("=")[::2] for each in env)


def _commands(words: list[str], env: Environment) -> Iterator[tuple[list[str], Environment]]:
    """The program that a command line starts, or those that its text for a shell does, each with its environment."""
    words, env = _passed_on(words, env)
    if not words:
        return
    if _name(words[0]) not in _SHELLS:
        yield words, env
        return
    known = env
    for text in words[1:]:
        whole = _VARIABLE.sub(lambda named: _value(named, known), text.replace("\\\n", " "))
        for command in _COMMANDS.split(whole):
            inner, own = _passed_on(_WORDS.findall(command), env)
            if inner and _name(inner[0]) not in _SHELLS:
                yield inner, own


def _passed_on(words: list[str], env: Environment) -> tuple[list[str], Environment]:
    """Without the programs that only start the next one, and with what is assigned for it."""
    at, passing = 0, False
    while at < len(words):
        if (assigned := _ASSIGNED.fullmatch(words[at])) is not None:
            env = {**env, assigned[1]: assigned[2]}
        elif _name(words[at]) in _PASSING_ON:
            passing = True
        elif not passing or not _OPTION.match(words[at]):
            break
        at += 1
    return words[at:], env


def _value(named: "re.Match[str]", env: Environment) -> str:
    return env.get(named[1] or named[2], named[3] or "")


def _scripted(rest: Sequence[str], env: Environment, bills: Bills) -> bool:
    """Does a script of JavaScript's ask Claude? One that has the package and a key may."""
    if any(is_claude_url(each, bills) for each in rest):
        return True
    if not any(env.get(key) for key in _KEYS) or not _bills_here(env, bills):
        return False
    if env.get(_BASE_URL, "") != os.environ.get(_BASE_URL, ""):
        return True
    return any("@anthropic-ai/" in each for each in rest) or _has_package(rest)


def _has_package(rest: Sequence[str]) -> bool:
    """Does Anthropic's package lie where a script finds it?"""
    from pathlib import Path

    scripts = [each for each in rest if not each.startswith("-")][:1]
    start = Path.cwd().joinpath(*scripts)
    return any(exists(folder / "node_modules" / "@anthropic-ai") for folder in (start, *start.parents))


def _bills_here(env: Environment, bills: Bills) -> bool:
    """Does what a program of Anthropic's asks bill? Without a base URL it asks Anthropic itself."""
    url = env.get(_base_url_name(env))
    return True if not url else bills(url)


def _base_url_name(env: Environment) -> str:
    return next((url for switch, url in _BASE_URLS if env.get(switch, "0") not in ("", "0", "false")), _BASE_URL)


def is_claude_url(word: str, bills: Bills) -> bool:
    """Is there the URL of a host of Claude's in a word, or of one that bills and has a path of Claude's?"""
    urls = _URL.findall(word)
    if not urls and "." in word.partition("/")[0]:
        urls = [f"https://{word}"]  # as curl takes it
    for url in urls:
        host = url.partition("//")[2].partition("/")[0].rpartition("@")[2].partition(":")[0].lower()
        if (is_claude_host(host) or any(path in url for path in _PATHS)) and bills(url):
            return True
    return False


def _name(word: str) -> str:
    name = re.split(r"[\\/]", word)[-1].lower()
    for suffix in _SUFFIXES:
        name = name.removesuffix(suffix)
    return name


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if isinstance(value, str) else os.fspath(value) if hasattr(value, "__fspath__") else str(value)
