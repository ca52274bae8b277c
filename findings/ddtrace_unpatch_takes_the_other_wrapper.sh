#!/usr/bin/env bash
# ddtrace 4.16.0 on httpx 0.28.1; Python 3.11 or newer.
#
# Guess: `unpatch()` takes ddtrace's own wrapper off `httpx.Client.send` and leaves that of a tool which wrapped after it (or
# leaves both, as it cannot reach under the other).
# Seen: it puts back the `__wrapped__` of whatever is there. A later tool's wrapper made with functools.wraps, as good manners
# ask, has that attribute too: the other tool's wrapper is gone, and ddtrace's own stays.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -q ddtrace==4.16.0 httpx==0.28.1
DD_TRACE_ENABLED=false DD_INSTRUMENTATION_TELEMETRY_ENABLED=false "$folder/venv/bin/python" - <<'PYTHON'
import functools

import httpx
from ddtrace.contrib.internal.httpx.patch import patch, unpatch

original = vars(httpx.Client)["send"]
patch()
theirs = vars(httpx.Client)["send"]
assert theirs is not original


@functools.wraps(theirs)
def ours(*arguments, **named):
    return theirs(*arguments, **named)


httpx.Client.send = ours
unpatch()
left = vars(httpx.Client)["send"]
seen = {"original": left is original, "ddtrace's": left is theirs, "the other tool's": left is ours}
print("left after unpatch():", *(which for which, is_left in seen.items() if is_left))
assert seen == {"original": False, "ddtrace's": True, "the other tool's": False}, "the behaviour has changed"
PYTHON
