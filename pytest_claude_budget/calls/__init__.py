"""What one call to Claude is: the tokens that it used, its model, who pays for it, its request as hashes, live or simulated.

`wire/` fills these values from bytes, and everything above reads them; `call.py` has the main ones. Nothing here reads bytes or
knows a price.
"""
