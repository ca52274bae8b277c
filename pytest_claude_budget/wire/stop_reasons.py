"""Why a model stopped, and which of the user's tools its answer calls."""

from pytest_claude_budget.wire.canonical import name_hash

CUT = "max_tokens"
STOP_REASONS = frozenset(
    (
        CUT,
        "end_turn",
        "tool_use",
        "stop_sequence",
        "pause_turn",
        "refusal",
        "model_context_window_exceeded",
        "guardrail_intervened",
        "content_filtered",
    )
)
"""All that are kept. What else a server says is nobody's advice, and may be any text."""
_MOST = 32
"""Tools of one answer; more are as many as nobody offers."""


def tools_called(content: object) -> str | None:
    """Hashes of the names of the tools that an answer's content calls, each once, by commas; None where a name is not there."""
    names: dict[str, None] = {}
    for block in content if isinstance(content, list) else ():
        if isinstance(block, dict) and block.get("type") == "tool_use":
            name = block.get("name")
            if not isinstance(name, str):
                return None
            names[name_hash(name)] = None
    return ",".join(names) if isinstance(content, list) and len(names) <= _MOST else None
