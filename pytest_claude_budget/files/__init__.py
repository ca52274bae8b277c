"""The only place that opens a user's file: budgets, rates, lock files, reports, git's objects.

Paths come in, checked values go out, or an `InputError` that says what, where, what was allowed and what to do next.
"""
