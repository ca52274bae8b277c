"""What one call to Claude is: its usage, its model's name, its request as hashes, where it went.

The wire fills these values and everything above reads them; nothing here reads bytes or knows a price.
"""
