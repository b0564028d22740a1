"""Plays Facebook Messenger. The class is in `platform`."""
