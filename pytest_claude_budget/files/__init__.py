"""The only place that opens a user's file: budgets, rates, lock files, reports, and git's copies of them.

Paths come in; checked values go out, or an `InputError` that says what is wrong, where, what was allowed and what to do next.
`load.py` has what the commands load, `read_write.py` how a file is read or written whole.
"""
