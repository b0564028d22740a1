"""Plays Signal behind signal-cli-rest-api. The class is in `platform`."""
