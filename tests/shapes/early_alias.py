"""As `alias/conftest.py`, before the plugin starts: it finds one client under two names. Loaded with `-p`."""

from contextlib import suppress

with suppress(ImportError):
    import httpx2

    httpx2.alias_httpx()
