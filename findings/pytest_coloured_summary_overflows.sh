#!/usr/bin/env bash
# pytest 9.2.0; Python 3.11 or newer.
#
# Guess: a line of the short test summary is cut at the terminal's width, coloured or not: colours take no columns.
# Seen: without colours it is cut at the width. With them the width of what is written so far comes out as -1, since a
# line with an escape code has none, so that the message alone gets the whole width and the line is longer by all that
# stands before it. Whoever reads such lines at 80 columns has them wrapped by the terminal.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -q pytest==9.2.0
cd "$folder"
cat > test_refund.py <<'PYTHON'
def test_refund_of_the_second_order():
    raise ValueError("the customer asks for a refund of the second order, " * 4)
PYTHON
longest() { # of the summary's line, without escape codes
    env -u CI -u BUILD_NUMBER COLUMNS=80 venv/bin/python -m pytest -q -p no:cacheprovider --color="$1" test_refund.py \
        > "$1.txt" || [ $? = 1 ] # a test fails
    sed 's/\x1b\[[0-9;]*m//g' "$1.txt" | grep '^FAILED' | awk '{ print length($0) }'
}
plain=$(longest no)
coloured=$(longest yes)
echo "columns of the summary's line in a terminal of 80: plain $plain, coloured $coloured"
[ "$plain $coloured" = "80 135" ] || { echo "the behaviour has changed"; exit 1; }
