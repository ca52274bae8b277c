"""`python -m pytest_claude_budget` is the `claude-budget` command."""

import sys

from pytest_claude_budget.cli import main

sys.exit(main())
