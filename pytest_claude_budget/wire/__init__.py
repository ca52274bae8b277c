"""Reads what goes over the wire: is a request with Claude, what did it ask, and which tokens does the answer count?

The bytes of a request and of its answer come in, as they pass; an `Answer` goes out, or why there is none. `routes.py` knows the
requests, `usage_fields.py` the counts. Nothing is changed or kept.
"""
