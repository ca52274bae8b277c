"""The GitHub Action: from a report to a comment, a summary, annotations, outputs and an exit status."""
