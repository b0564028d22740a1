"""Plays mail servers. The class is in `platform`."""
