"""The exact words people agree to. A changed word is a new version: the ledger keeps text and hash.

Own drafts; a lawyer signs them before they are used for real.
"""

CHANNEL = (
    "Ich möchte, dass {company} mir Fragen, Fotos und Termine zu meinem Auftrag über {channel} an {number} schickt. "
    "{provider} verarbeitet dabei auch in den USA Daten über meine Nutzung. Ich kann das jederzeit mit STOP oder im "
    "Büro widerrufen; was bis dahin geschah, bleibt rechtmäßig. Ohne Einwilligung erreicht mich der Betrieb per "
    "Telefon, Brief oder E-Mail."
)
WITHDRAWAL = "Widerruf der Einwilligung für {channel}: „{said}“"
PROVIDERS = {"whatsapp": ("WhatsApp", "Meta")}


def for_channel(*, company: str, channel: str, number: str) -> str:
    """Return the words of a consent for one channel."""
    name, provider = PROVIDERS.get(channel, (channel, "Der Anbieter"))
    return CHANNEL.format(company=company, channel=name, provider=provider, number=number or "meine Nummer")


def withdrawal(*, channel: str, said: str) -> str:
    """Return the words of a withdrawal: what the person said or did."""
    return WITHDRAWAL.format(channel=PROVIDERS.get(channel, (channel, ""))[0], said=said)
