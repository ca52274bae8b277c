"""Levers: what calls of a run show that would cost less, with dollars, tests and what each figure rests on.

Measured calls one by one (`calls/seen.py`), rates and the budget's volumes come in; levers go out, most proven saving first. Nothing
is named that the calls do not show, and no saving is more than their counts prove.
"""
