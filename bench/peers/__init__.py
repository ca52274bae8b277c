"""What tools beside this one charge for the same answers: `python -m bench.peers` makes the table of docs/comparison.md anew."""
