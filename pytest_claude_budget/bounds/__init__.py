"""The most that a request can cost, told before it is sent: from its bytes, the rates of its model and what may be assumed.

A `Request`, a table of rates and a day come in; a `Bound` with its lines goes out, or an `Unbounded` that says why there is none.
`bound.py` is where it starts. What lies below the true cost would be worse than no bound: in doubt it is more.
"""
