"""Bytes of a request and its answer to an `Answer`: which route it is, what it asked, which tokens the answer counts.

Bodies, events and headers come in, in chunks cut anywhere; what cannot be read goes out as `unmeasured`, never as
silence. Pure: nothing here opens a socket or a file.
"""
