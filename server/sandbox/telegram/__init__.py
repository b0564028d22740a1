"""Plays Telegram. The class is in `platform`."""
