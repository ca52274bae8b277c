"""`python -m bench`: every figure that the plugin promises, measured here and now, with its limit beside it.

It measures and tells; it fails over no clock, since a busy machine would decide.
"""

import argparse
import json
import platform
import sys
import time

from bench import (
    action,
    advise,
    batch,
    cap,
    gate,
    gateway,
    html,
    one_call,
    renames,
    report,
    sockets,
    startup,
    stream,
    suites,
    whole_process,
)
from bench.figures import Figure, as_json, as_text

FIGURES = {
    "startup": startup.figure,
    "whole-process": whole_process.figure,
    "one-call": one_call.figure,
    "sockets": sockets.figure,
    "stream": stream.figure,
    "batch": batch.figure,
    "report": report.figure,
    "gate": gate.figure,
    "advise": advise.figure,
    "gateway": gateway.figure,
    "html": html.figure,
    "renames": renames.figure,
    "suites": suites.figure,
    "cap": cap.figure,
    "action": action.figure,
}


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(
        prog="python -m bench", description=__doc__, epilog="example: python -m bench stream"
    )
    parser.add_argument("figures", nargs="*", metavar="FIGURE", help=f"one or more of {', '.join(FIGURES)} [all]")
    parser.add_argument("--json", action="store_true", help="one JSON document instead of text")
    asked = parser.parse_args()
    if unknown := [name for name in asked.figures if name not in FIGURES]:
        parser.error(f"no figure {unknown[0]!r}: one or more of {', '.join(FIGURES)}")
    began, found = time.perf_counter(), []
    for name in asked.figures or FIGURES:
        found.append(FIGURES[name]())
        if not asked.json:
            print(as_text(found[-1]), end="\n\n", flush=True)
    if asked.json:
        print(json.dumps({"python": platform.python_version(), "figures": [as_json(each) for each in found]}, indent=1))
    else:
        print(_end(found, time.perf_counter() - began))


def _end(found: list[Figure], seconds: float) -> str:
    held = [line.met for figure in found for line in figure.lines if line.met is not None]
    missed = f"{held.count(False)} missed" if False in held else "none missed"
    text = f"{held.count(True)} of {len(held)} limits met, {missed}; {seconds:.0f} s on Python {sys.version.split()[0]}"
    return f"{text}. On a busy machine read the CPU times."


if __name__ == "__main__":
    main()
