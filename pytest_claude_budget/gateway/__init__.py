"""A reverse proxy on this machine for programs that no hook can see: Claude Code, node, curl.

Requests of any program come in, the same bytes go to the upstream and back, and each call goes to the run's ledger with its
owner, who stands in the path. Nothing here is imported unless a gateway is asked for.
"""
