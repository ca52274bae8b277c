"""One report and one verdict: all that is known of a run, held against its budget.

Sums, a comparison and a budget come in; a `CostReport` with its `Verdict` goes out, to JSON and back without loss.
Printing it has no consequences.
"""
