"""Calls on disk while a run goes on: a journal file for each process, and one SQLite database that they are gathered in.

Calls come in from any thread, worker or child process; the same calls go out at the end of the run, each once. `journal.py` writes
and `database.py` reads. Nothing is priced here.
"""
