"""Plays WhatsApp. The class is in `platform`."""
