"""What a run means for a month of production, and what it would cost with another model, in batches or with a cache.

Records, rates and volumes come in; rows of a month (`month.py`) or of a what-if (`whatif.py`) go out, each with what it rests
on. What is not known is never a plain 0.
"""
