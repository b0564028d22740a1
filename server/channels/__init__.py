"""The messengers: one class each. Adding one is a file and its name here."""

from server.channels.base import Channel
from server.channels.email import Email
from server.channels.messenger import Messenger
from server.channels.signal import Signal
from server.channels.telegram import Telegram
from server.channels.threema import Threema
from server.channels.whatsapp import Whatsapp

CHANNELS: tuple[type[Channel], ...] = (Whatsapp, Telegram, Signal, Messenger, Threema, Email)
