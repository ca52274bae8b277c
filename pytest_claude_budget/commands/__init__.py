"""The commands of `claude-budget`, a module for each kind: what each takes, and what it does with it."""
