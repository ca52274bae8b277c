"""A month from a run, and what other rates, models or cache marks would make of it.

Totals and volumes come in, projections go out, each with what it rests on. Unknown is never a plain 0.
"""
