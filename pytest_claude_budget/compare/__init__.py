"""A run beside its baseline: what moved, by how much, why, and how much of it is chance.

Two records come in; a `Comparison` (`result.py`) goes out, whose causes add up to the change exactly. `compare.py` is where it
starts. What did not run is never a saving.
"""
