"""What the installed SDK and its companions can do, by feature and not by version: a test of a shape that is
missing is not defined, and `expected.py` says what each test needs.

`python features.py` prints the features as JSON.
"""

import importlib.util
import inspect
import json
import sys

import anthropic


def _installed(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


def _http_module_name() -> str:
    """The module that the SDK rides on: httpx up to 0.x, httpx2 after."""
    bases = anthropic.DefaultHttpxClient.__mro__
    return next(base.__module__.split(".")[0] for base in bases if base.__module__.startswith("httpx"))


HTTP = _http_module_name()
"""The name of the SDK's HTTP client module."""


def _has(resource: object, name: str) -> bool:
    return getattr(resource, name, None) is not None


def _codings() -> list[str]:
    """The content codings that the SDK's own HTTP client can undo."""
    decoders = importlib.import_module(f"{HTTP}._decoders").SUPPORTED_DECODERS
    return [f"coding_{name}" for name in ("gzip", "deflate", "br", "zstd") if name in decoders]


def _aiohttp_works() -> bool:
    if not hasattr(anthropic, "DefaultAioHttpClient"):
        return False
    try:
        anthropic.DefaultAioHttpClient()
    except RuntimeError:
        return False
    return True


def _runs_on_trio() -> bool:
    """Old SDKs start their threads with asyncio's own function, on whichever loop."""
    import trio

    try:
        trio.run(anthropic._utils.asyncify(lambda: None))
    except RuntimeError:
        return False
    return True


def _features() -> frozenset[str]:
    with anthropic.Anthropic(api_key="none", base_url="http://127.0.0.1:9") as client:
        messages, beta = client.messages, client.beta.messages
        found = {
            "messages_batches": _has(messages, "batches"),
            "messages_count_tokens": _has(messages, "count_tokens"),
            "parse": _has(messages, "parse"),
            "beta_stream": _has(beta, "stream"),
            "beta_parse": _has(beta, "parse"),
            "tool_runner": _has(beta, "tool_runner") and hasattr(anthropic, "beta_tool"),
            "completions": _has(client, "completions"),
        }
    found |= {
        "foundry": hasattr(anthropic, "AnthropicFoundry"),
        "bedrock_key": "api_key" in inspect.signature(anthropic.AnthropicBedrock.__init__).parameters,
        "aiohttp": _aiohttp_works(),
        "httpx": _installed("httpx"),
        "httpx2": _installed("httpx2"),
        "trio": _installed("trio") and _runs_on_trio(),
        "pytest_asyncio": _installed("pytest_asyncio"),
        "alias": HTTP == "httpx2" and hasattr(sys.modules["httpx2"], "alias_httpx"),
    }
    return frozenset([name for name, here in found.items() if here] + _codings())


FEATURES = _features()

if __name__ == "__main__":
    print(json.dumps({"anthropic": anthropic.__version__, "features": sorted(FEATURES)}))
