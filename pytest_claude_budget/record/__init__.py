"""What a run used: its calls in groups that were asked alike and are priced alike, and sums by test, model, feature and tier.

Calls with their prices come in; a `Record` (`record.py`), which lock files hold and baselines are compared by, and `Sums`
(`sums.py`), which reports show, go out.
"""
