"""The messengers: one folder each. Adding one is a folder and its class here."""

from server.channels.base import Channel
from server.channels.email.channel import Email
from server.channels.messenger.channel import Messenger
from server.channels.signal.channel import Signal
from server.channels.telegram.channel import Telegram
from server.channels.threema.channel import Threema
from server.channels.whatsapp.channel import Whatsapp

CHANNELS: tuple[type[Channel], ...] = (Whatsapp, Telegram, Signal, Messenger, Threema, Email)
