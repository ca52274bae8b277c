"""Who pays, as a part of a URL: `/t/TOKEN`.

The token holds the owner itself, so that a process that outlives its test is still charged right, and no one need remember
what was handed out.
"""

import base64
import json
from typing import NamedTuple

START = "/t/"
"""How a path with an owner begins."""
LONGEST_TOKEN = 32_000
"""Characters; a longer owner is not taken along."""
_LABELS = ("feature", "tier", "case", "live")
"""The last says whether the call may leave this machine."""


class Payer(NamedTuple):
    """Who pays for a call, as far as its URL tells."""

    owner: tuple[str, str, str] | None = None
    """Name, kind and phase; None is outside of tests."""
    worker: str = ""
    """The process of the run that it belongs to; empty for the run's own."""
    labels: tuple[tuple[str, str], ...] = ()
    """What the user's product calls the work."""
    run: str = ""
    """The file name of the run's ledger."""
    own: str = ""
    """What the test's own mark allows, as `measure/live_guard.py` has it; empty where that is nothing."""


NOBODY = Payer()


def token_of(payer: Payer) -> str:
    """A payer as letters, digits, `-` and `_`; empty where there is nothing to tell."""
    if payer == NOBODY:
        return ""
    value = [payer.owner, payer.worker, dict(payer.labels), payer.run, *([payer.own] if payer.own else [])]
    text = json.dumps(value, separators=(",", ":"))
    token = base64.urlsafe_b64encode(text.encode("ascii")).decode("ascii").rstrip("=")
    if len(token) <= LONGEST_TOKEN:
        return token
    return token_of(payer._replace(own="")) if payer.own else ""


def payer_of(token: str) -> Payer:
    """What `token_of` was given; nobody where the token is none of ours."""
    try:
        value = json.loads(base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True))
        owner, worker, labels, run, *own = value
        if owner is not None:
            name, kind, phase = map(str, owner)
            owner = (name, kind, phase)
        pairs = tuple((name, str(labels[name])) for name in _LABELS if name in labels)
        return Payer(owner, str(worker), pairs, str(run), "".join(map(str, own)))
    except (ValueError, TypeError, RecursionError):
        return NOBODY


def run_in(path: str) -> str:
    """The run that a gateway writes the calls of this path to; empty where the path is none of a gateway's of ours."""
    return payer_of(split(path)[0]).run if path.startswith(START) else ""


def split(path: str) -> tuple[str, str]:
    """A path's token, empty where it has none, and the path that the upstream is asked for."""
    if not path.startswith(START):
        return "", path
    token, slash, rest = path[len(START) :].partition("/")
    cut, mark, query = token.partition("?")
    if mark:  # a query right behind the token
        return cut, f"/?{query}{slash}{rest}"
    return token, f"/{rest}"
