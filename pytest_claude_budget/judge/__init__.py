"""All that is known of one run, held against its budget: one report with one verdict.

Calls or sums, a baseline and a budget come in; a `CostReport` with its `Verdict` goes out. `report.py` has the whole flow,
`verdict.py` the decision; `read_report.py` reads a written report back. Printing it has no consequences.
"""
