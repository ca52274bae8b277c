"""The Action and the comment: what GitHub says of a pull request, and what is posted, labelled and annotated there.

Inputs and an event come in; a judged report goes out as one comment, annotations, a summary and outputs.
"""
