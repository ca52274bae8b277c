"""Where a run goes for OpenTelemetry: into a file, a document a line, or to a receiver over HTTP. Loaded where somebody asked for it.

The one place of the plugin that sends anything, to the host that the option names and to no other.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from pytest_claude_budget.base.money import exact
from pytest_claude_budget.calls.call import Call
from pytest_claude_budget.judge.report import CostReport, feature_of, priced_calls
from pytest_claude_budget.measure.run import Run

SECONDS = 10
"""How long a receiver may take for one document."""
_HEADERS, _NAME, _RESOURCE = "OTEL_EXPORTER_OTLP_HEADERS", "OTEL_SERVICE_NAME", "OTEL_RESOURCE_ATTRIBUTES"
"""The environment variables that every exporter of OpenTelemetry has."""


def is_endpoint(target: str) -> bool:
    """Is it a receiver's address, rather than a file's?"""
    return target.startswith(("http://", "https://"))


def export(run: Run, report: CostReport, unstored: Sequence[Call], target: str, environ: Mapping[str, str]) -> str:
    """Write or send all of a run; returns a line that says so. Raises InputError for a file that cannot be written."""
    from pytest_claude_budget.render.otlp import otlp_documents
    from pytest_claude_budget.render.terminal_text import printable

    with exact():
        calls = priced_calls(_calls(run, unstored), report.facts.rates, feature_of(report.facts.budget))
        documents = otlp_documents(report, calls, _resource(environ))
        if is_endpoint(target):
            return _sent(documents, target.rstrip("/"), environ)
        from pytest_claude_budget.files.read_write import write_atomically

        write_atomically(Path(target), "".join(f"{json.dumps(document)}\n" for _, document in documents))
    return f"report: otlp → {printable(target, 500)}"


def _calls(run: Run, unstored: Sequence[Call]) -> Iterator[Call]:
    """One by one; where the newest state of some could not be stored, without the older ones of those."""
    newer = {call.id for call in unstored}
    stored = run.recorder.ledger.calls() if run.has_calls else iter(())
    return chain((call for call in stored if call.id not in newer), unstored)


def _sent(documents: Iterator[tuple[str, dict[str, Any]]], endpoint: str, environ: Mapping[str, str]) -> str:
    """Send all; a receiver that does not answer fails no run, and is named."""
    from urllib.error import HTTPError
    from urllib.request import HTTPRedirectHandler, Request, build_opener

    from pytest_claude_budget.render.terminal_text import printable

    class Stays(HTTPRedirectHandler):
        def redirect_request(self, *args: object) -> None:  # else keys would follow to any host
            """Go nowhere else: the answer is an error then."""

    send = build_opener(Stays).open
    headers = {"Content-Type": "application/json", **_pairs(environ.get(_HEADERS, ""))}
    shown = printable(endpoint.rpartition("@")[2], 200)
    try:
        for signal, document in documents:
            url = f"{endpoint}/v1/{signal}"
            request = Request(url, json.dumps(document).encode(), headers, method="POST")  # noqa: S310  # http or https
            with send(request, timeout=SECONDS) as response:
                response.read(1_000_000)
    except (OSError, ValueError) as error:
        said = f"HTTP status {error.code}" if isinstance(error, HTTPError) else type(error).__name__
        return f"warning: report otlp was not sent to {shown}: {said}   [not-sent]"
    return f"report: otlp → {shown}"


def _resource(environ: Mapping[str, str]) -> dict[str, str]:
    return {"service.name": environ.get(_NAME) or "pytest", **_pairs(environ.get(_RESOURCE, ""))}


def _pairs(text: str) -> dict[str, str]:
    """`name=value,name=value`, with values as in a URL."""
    pairs = (part.partition("=") for part in text.split(","))
    return {name.strip(): unquote(value.strip()) for name, equals, value in pairs if equals and name.strip()}
