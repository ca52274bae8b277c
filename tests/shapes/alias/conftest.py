"""An application that lets `import httpx` mean httpx2, where the SDK rides on httpx2."""

from contextlib import suppress

with suppress(ImportError):
    import httpx2

    httpx2.alias_httpx()
