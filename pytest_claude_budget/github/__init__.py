"""The GitHub Action, and the comment on a pull request.

The Action's inputs and GitHub's event come in; one judged report goes out as a comment, annotations, a job summary and outputs.
`flow.py` has the steps in their order, `page.py` the comment's text around the report; `api.py` speaks to GitHub.
"""
