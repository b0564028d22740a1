"""Fault tools and the proofs that need them; `python -m tests.chaos` runs the full sizes.

They stand here and not beside bench/ because the tests import them: what breaks things is test code, typed and
checked like it.
"""
