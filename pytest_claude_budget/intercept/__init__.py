"""Hooks in the HTTP clients: they see an exchange, hand its bytes to the wire, and leave it as it was.

Requests and answers of a client come in; answers with their origin, live or simulated, go out to a sink. A fault of ours
never reaches the user's call.
"""
