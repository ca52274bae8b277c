"""What the bytes of an exchange with Claude mean. Pure: no network, no clock, no files."""
