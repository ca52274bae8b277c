"""Answers where something failed: ours, or the exchange once its answer had arrived, since a user's hook raised over that.

The client closes an answer that had arrived and lets go of it; only the error's own frames still hold it.
"""

from dataclasses import replace
from types import FrameType
from typing import Any

from pytest_claude_budget.base.errors import described
from pytest_claude_budget.calls.call import Answer, Status
from pytest_claude_budget.wire.encodings import UndecodableError
from pytest_claude_budget.wire.messages import Exchange
from pytest_claude_budget.wire.routes import Route
from pytest_claude_budget.wire.said import Said

LOOPBACK_MAY_BILL = (
    "answered by this very machine, and so simulated, with the headers of the real API: if what answers there bills,"
    " write loopback: live, or its host under origins: live, into the budget file; if not, loopback: simulated"
)


def arrived(module: Any, error: BaseException) -> Any:
    """Find the answer that an exchange had brought before it failed; None where it had brought none."""
    found: Any = None
    trace, inside = error.__traceback__, False
    while trace is not None:
        frame, trace = trace.tb_frame, trace.tb_next
        if not _belongs(frame, module):
            if inside:
                break  # from here on it is a hook's own business, another exchange perhaps
            continue
        inside = True
        if frame.f_code.co_name == "_send_single_request":
            return None
        answer = frame.f_locals.get("response")
        if isinstance(answer, module.Response) and _is_of_this_try(frame, answer):
            found = answer
    return found


def of_fault(stage: str, error: Exception, found: Route, seen: Exchange | None) -> Said:
    """An answer over which our own code failed, or that nobody can read."""
    ours = f"a fault of pytest-claude-budget itself ({stage}: {described(error)})"
    return Said(
        own=Answer(
            status=Status.UNMEASURED,
            endpoint=found.kind.value,
            model=found.model,
            reason=str(error) if isinstance(error, UndecodableError) else ours,
            request=seen.request if seen is not None else None,
        )
    )


def with_error(said: Said, name: str) -> Said:
    """An answer that had arrived may be measured all the same; where it is not, the error is why."""
    if said.own is None or said.own.reason is None:
        return said
    return said._replace(own=replace(said.own, reason=f"{said.own.reason} ({name})"))


def _belongs(frame: FrameType, module: Any) -> bool:
    name = str(frame.f_globals.get("__name__", ""))
    return name.partition(".")[0] == str(module.__name__)


def _is_of_this_try(frame: FrameType, answer: Any) -> bool:
    """A loop over redirects or log-ins still holds the answer to its request before."""
    if frame.f_code.co_name == "send":
        return True
    return getattr(answer, "_request", None) is frame.f_locals.get("request")


def with_note(answer: Answer) -> Answer:
    """The answer of something on this machine that may bill, with a note that says so."""
    return replace(answer, notes=(*answer.notes, LOOPBACK_MAY_BILL))
