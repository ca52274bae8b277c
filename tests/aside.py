"""Plugins that sub-sessions do without."""

AGENTS = (
    "benchmark",
    "ddtrace",
    "fakefs",
    "flaky",
    "logfire",
    "pytest-retry",
    "pytest_logfire",
    "time_machine",
    "timeout",
)
"""They are here for tests of their own: else they would take half of each sub-session's time, or change what it runs."""
