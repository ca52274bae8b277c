"""What the adapters share. Each runs in the environment of its own tool: python ADAPTER < the cases, as JSON, and prints what it charges."""

import asyncio
import json
import sys
from collections.abc import Callable
from typing import Any

RATES = {
    "claude-sonnet-4-5-20250929": {"input": 3.0, "output": 15.0, "read": 0.3, "write": 3.75},
    "us.anthropic.claude-sonnet-4-5-20250929-v1:0": {"input": 3.3, "output": 16.5, "read": 0.33, "write": 4.125},
    "claude-opus-5-5": {"input": 4.0, "output": 20.0, "read": 0.2, "write": 5.0},
    "claude-opus-4-7": {"input": 5.0, "output": 25.0, "read": 0.5, "write": 6.25},
    "claude-haiku-5-5": {"input": 0.1, "output": 0.5, "read": 0.01, "write": 0.125},
}
"""Dollars for a million tokens, for tools that carry no prices; written for five minutes, as each has room for one rate."""


def told(charge: Callable[[dict[str, Any], str], Any]) -> None:
    """Ask for each case, and print what is charged for it: dollars, `none` where the tool says that it does not know, or `error`.

    `charge` takes the case (name, model, usage, message) and the base URL at which the double answers with it.
    """
    given = json.load(sys.stdin)
    charged = {}
    for case in given["cases"]:
        try:
            found = charge(case, f"{given['url']}/{case['name']}")
            if asyncio.iscoroutine(found):
                found = asyncio.run(found)
            charged[case["name"]] = "none" if found is None else str(found)
        except NotImplementedError as error:
            charged[case["name"]] = f"no way: {error}"
        except Exception as error:  # whatever the tool raises is its answer
            charged[case["name"]] = f"error: {type(error).__name__}: {str(error)[:200]}"
    print("\n" + json.dumps(charged))
