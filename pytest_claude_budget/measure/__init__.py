"""One process under measurement: hooks put in and taken out, whose call it is, and each call written to the ledger.

A ledger's path and an environment come in, rows in the ledger go out. Nothing here knows pytest, so that child processes
use it too.
"""
