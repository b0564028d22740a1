"""What signal-cli tells: envelopes as of 0.14.6 (swagger `data.Message`)."""

import json
from collections.abc import Sequence
from typing import Any

from server.sandbox.world import Account, Bubble, File, Person, World

Told = dict[str, Any]


def envelope(account: Account, person: Person, uuid: str, stamp: str, told: Told) -> Told:
    """Return an envelope from a customer; who hides his number has none in it."""
    phone = None if person.hides_number else person.phone
    head = {
        "source": phone or uuid,
        "sourceNumber": phone,
        "sourceUuid": uuid,
        "sourceName": person.name,
        "sourceDevice": 1,
        "timestamp": int(stamp),
        "serverReceivedTimestamp": int(stamp) + 40,
        "serverDeliveredTimestamp": int(stamp) + 80,
    }
    return {"envelope": {**head, **told}, "account": account.display}


def data(account: Account, bubble: Bubble, files: Sequence[tuple[str, File]]) -> Told:
    """Return a message's part of the envelope; its own time is the last part of its name."""
    said: Told = {
        "timestamp": int(bubble.id.rpartition(":")[2]),
        "message": bubble.text or None,
        "expiresInSeconds": 0,
        "isExpirationUpdate": False,
        "viewOnce": False,
    }
    author, _, stamp = bubble.quoted.rpartition(":")
    if bubble.kind == "reaction":
        target = {"targetAuthor": author, "targetSentTimestamp": int(stamp), "isRemove": False}
        own = {"targetAuthorNumber": author} if author.startswith("+") else {"targetAuthorUuid": author}
        return {"dataMessage": {**said, "message": None, "reaction": {"emoji": bubble.text, **target, **own}}}
    if bubble.quoted:
        named = {"authorNumber": author} if author.startswith("+") else {"authorUuid": author}
        said["quote"] = {"id": int(stamp), "author": author, **named, "text": "", "attachments": []}
    if files:
        said["attachments"] = [
            {"contentType": file.mime, "filename": name, "id": name, "size": len(file.data)}
            for name, file in files
        ]
    return {"dataMessage": said}


def receipt(when: str, stamps: list[int], *, read: bool) -> Told:
    told = {
        "when": int(when),
        "isDelivery": not read,
        "isRead": read,
        "isViewed": False,
        "timestamps": stamps,
    }
    return {"receiptMessage": told}


def sent_by_hand(account: Account, person: Person, uuid: str, stamp: str, text: str) -> Told:
    """Return what another device of the same account did."""
    phone = None if person.hides_number else person.phone
    sent = {
        "destination": phone or uuid,
        "destinationNumber": phone,
        "destinationUuid": uuid,
        "timestamp": int(stamp),
        "message": text,
        "expiresInSeconds": 0,
        "viewOnce": False,
    }
    head = {
        "source": account.display,
        "sourceNumber": account.display,
        "sourceUuid": None,
        "sourceName": account.name,
        "sourceDevice": 1,
        "timestamp": int(stamp),
        "serverReceivedTimestamp": int(stamp) + 40,
        "serverDeliveredTimestamp": int(stamp) + 80,
    }
    return {"envelope": {**head, "syncMessage": {"sentMessage": sent}}, "account": account.display}


def broken(world: World, account: Account) -> str:
    """Return a frame that cannot be read, or only in part."""
    head = {"sourceUuid": "x", "timestamp": 1, "serverReceivedTimestamp": 1, "serverDeliveredTimestamp": 1}
    return json.dumps(
        world.chance.choice(
            [
                {"account": account.display, "envelope": {**head, "dataMessage": {"timestamp": "soon"}}},
                {"account": account.display, "envelope": None},
                {"error": "Error while checking account"},
                [],
            ]
        )
    )
