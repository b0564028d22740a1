"""Threema, by its Gateway, end to end or basic. The class is in `channel`."""
