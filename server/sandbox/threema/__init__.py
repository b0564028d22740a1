"""Plays Threema Gateway. The class is in `platform`."""
