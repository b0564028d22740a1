"""Telegram, by a bot of the firm. The class is in `channel`."""
