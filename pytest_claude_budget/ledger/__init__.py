"""Calls on disk while a run goes on: a journal for each process, and the database that they are gathered in.

Calls come in from any thread, worker or child process and go out as the same calls, each once. Nothing is priced here.
"""
