#!/usr/bin/env bash
# deepeval 4.3.1 with pytest 9.2.0; Python 3.11 or newer.
#
# Guess: a pytest plugin that is installed, and that no test uses, leaves the environment of a suite as it was.
# Seen: pytest loads deepeval's plugin at each start, and importing deepeval reads `.env` of the folder into `os.environ`. A suite that
# imports nothing of it suddenly has the API key that lies there for the application, so that a test which was skipped without a key, or
# failed before it sent anything, calls the real API. `-p no:deepeval` does not load it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -q deepeval==4.3.1 pytest==9.2.0
mkdir "$folder/suite"
cd "$folder/suite"
printf 'ANTHROPIC_API_KEY=of-the-application\n' > .env
cat > test_key.py <<'PYTHON'
import os


def test_a_key_is_there():
    assert os.environ.get("ANTHROPIC_API_KEY") == "of-the-application"
PYTHON
pytest=(env -u ANTHROPIC_API_KEY DEEPEVAL_TELEMETRY_OPT_OUT=1 "$folder/venv/bin/python" -m pytest -q -p no:cacheprovider)
if "${pytest[@]}" -p no:deepeval > /dev/null 2>&1; then echo "the behaviour has changed: a key without deepeval"; exit 1; fi
echo "without deepeval: no key"
"${pytest[@]}" > /dev/null 2>&1 || { echo "the behaviour has changed: no key with deepeval"; exit 1; }
echo "with deepeval: the key of .env"
