"""Hooks in the HTTP clients: they see an exchange, hand its bytes to the wire, and leave it as it was.

Requests and answers of a client come in; answers with their origin, live or simulated, go out to a sink. A fault of ours
never reaches the user's call.

A new client gets a module here and a line in `CLIENTS` of `measure/hooked_clients.py`. The list is there, and not here, since every
run reads it to know which imports to wait for, and most runs never see a client: they load nothing of this folder.
"""
