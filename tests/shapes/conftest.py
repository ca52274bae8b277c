"""The suites in here are run by `check.py`, each as a user's own with a rootdir of its own; never by this one."""

collect_ignore = ["suite", "incomplete", "late", "alias"]
