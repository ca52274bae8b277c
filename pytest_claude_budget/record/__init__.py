"""What a run used: its calls in groups by owner and terms, and sums of them by test, model, feature and tier.

Priced calls come in one by one; a `Record`, `Totals` and the text of a lock file go out, the same in any order of calls.
"""
