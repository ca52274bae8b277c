"""Plugins that sub-sessions do without."""

AGENTS = (
    "allure_pytest",
    "benchmark",
    "ddtrace",
    "fakefs",
    "flaky",
    "html",
    "html_fixtures",
    "logfire",
    "metadata",
    "pytest-retry",
    "pytest_logfire",
    "time_machine",
    "timeout",
)
"""They are here for tests of their own: else they would take half of each sub-session's time, or change what it runs."""
ASIDE = (
    *AGENTS,
    "anyio",
    "asyncio",
    "cov",
    "hypothesispytest",
    "platformdirs",
    "pytest-betamax",
    "randomly",
    "recording",
    "requests_mock",
    "rerunfailures",
    "socket",
)
"""Plugins of this environment that a sub-session has only if it asks for them: each of its processes would import them,
which takes longer than its suite. `tests/plugin/test_companions.py` runs with all."""


def without(*plugins: str) -> str:
    """For PYTEST_ADDOPTS."""
    return " ".join(f"-p no:{name}" for name in plugins)
