"""Know what a change does to your Claude bill before it is merged.

PYTEST_DONT_REWRITE: a child process that is itself pytest has imported this before pytest could rewrite its asserts,
and pytest would warn of that in the user's run.
"""

__version__ = "0.1.0"
