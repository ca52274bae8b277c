"""Sees HTTP exchanges with Claude in httpx and httpx2, and changes none."""
