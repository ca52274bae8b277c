"""Limits as values: which limit holds for what, what a file of them says about increases and volumes, drafts of new ones.

A checked document comes in, a `Budget` goes out. Nothing is judged here: that is `judge`.
"""
