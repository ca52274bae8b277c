"""Usage to US dollars: the rates in force on a day, and an exact sum or a reason why there is none.

An `Answer` and a rate table come in, a `Price` goes out, exact or with a lower bound. Never a float, never a guess.
"""
