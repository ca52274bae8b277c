"""From tokens to US dollars: which rates are in force on a day, and what an answer costs by them.

An `Answer`, a day and a table of rates come in; a `Price` goes out, which is an exact amount or a reason why there is none.
`price.py` is where it starts. No price is ever guessed.
"""
