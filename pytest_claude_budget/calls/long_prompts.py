"""From which length on a prompt is looked at by itself, rather than in a sum of many."""

NEAR_PERCENT = 80
"""Of its context window, above which a prompt is near its end."""
SMALL_WINDOW, LARGE_WINDOW = 200_000, 1_000_000
"""Tokens of the smallest context window that a model of Claude's has, and of the one that some have besides: asked for by the header
`context-1m-…`, or by `[1m]` behind the id."""
LONG_PROMPT = SMALL_WINDOW * NEAR_PERCENT // 100
"""Tokens of a prompt up to which no model's window is nearly full."""
