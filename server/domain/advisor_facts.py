"""What speaks for and against each messenger, and on which ground data go where: facts with source and date (W17, G26).

What the trade press lists is kept where it still holds and corrected where it is out of date.
"""

from datetime import date

from server.domain.advice import Advice, Fact, Source

_DPF = "Das EU-US Data Privacy Framework gilt: Klage am 3. September 2025 abgewiesen, Rechtsmittel C-703/25 P läuft."
_META = Source(
    "WhatsApp Business Data Transfer Addendum",
    date(2024, 2, 16),
    "https://www.whatsapp.com/legal/business-data-transfer-addendum",
)
_META_TERMS = Source(
    "Meta European Data Transfer Addendum",
    date(2026, 11, 26),
    "https://www.facebook.com/legal/EU_data_transfer_addendum",
)
_CLOUD = Source(
    "Cloud API: Data Privacy & Security",
    date(2026, 11, 26),
    "https://developers.facebook.com/docs/whatsapp/cloud-api/overview/data-privacy-and-security",
)
_WA_PRICE = Source(
    "Pricing on the WhatsApp Business Platform",
    date(2026, 10, 1),
    "https://developers.facebook.com/docs/whatsapp/pricing",
)
_MESSENGER_E2E = Source(
    "Messenger: End-to-end encryption",
    date(2026, 11, 26),
    "https://www.facebook.com/help/messenger-app/786613221989782",
)
_MESSENGER_API = Source(
    "Messenger Platform: Send API",
    date(2026, 4, 27),
    "https://developers.facebook.com/docs/messenger-platform",
)
_TELEGRAM = Source("Telegram Privacy Policy", date(2026, 11, 26), "https://telegram.org/privacy")
_TELEGRAM_BOTS = Source("Telegram Bot API 10.1", date(2026, 6, 11), "https://core.telegram.org/bots/api")
_THREEMA = Source("Threema: Terms of Service", date(2025, 2, 20), "https://threema.ch/tos")
_SWISS = Source(
    "Entscheidung 2000/518/EG, bestätigt durch COM(2024) 7",
    date(2024, 1, 15),
    "https://eur-lex.europa.eu/eli/dec/2000/518/oj",
)
_GATEWAY = Source("Threema Gateway", date(2026, 11, 26), "https://gateway.threema.ch")
_SIGNAL = Source("Signal: Terms & Privacy Policy", date(2018, 5, 25), "https://signal.org/legal/")
_SIGNAL_CLI = Source(
    "signal-cli-rest-api 0.99", date(2026, 11, 26), "https://github.com/bbernhard/signal-cli-rest-api"
)
_GDPR = Source("DSGVO Art. 28, 44–49", date(2016, 4, 27), "https://eur-lex.europa.eu/eli/reg/2016/679/oj")
_MAIL = Source("RFC 3207 (STARTTLS)", date(2002, 2, 1), "https://www.rfc-editor.org/rfc/rfc3207")
_TDDDG = Source(
    "TDDDG § 3 (Fernmeldegeheimnis)", date(2024, 5, 14), "https://www.gesetze-im-internet.de/ttdsg/__3.html"
)

ADVICE: tuple[Advice, ...] = (
    Advice(
        kind="whatsapp",
        name="WhatsApp",
        seat=Fact(
            "WhatsApp Ireland Limited und Meta Platforms Ireland, Dublin (EU); Muttergesellschaft in den USA.",
            _META,
        ),
        transfer=Fact(
            f"Weitergabe in die USA nach Art. 45 DSGVO (Data Privacy Framework), ersatzweise Standardvertragsklauseln. {_DPF}",
            _META,
        ),
        encryption=Fact(
            "Verschlüsselt zwischen Kunde und Cloud API; dort entschlüsselt Meta im Auftrag des Betriebs. Von Hand mit der App: Ende zu Ende.",
            _CLOUD,
        ),
        cost=Fact(
            "Je zugestellter Nachricht nach Art und Land. Seit 1. Oktober 2026 kosten auch freie Antworten; 1.000 im Monat je Nummer sollen frei sein (nur aus zweiter Hand). Von Hand: kostenlos.",
            _WA_PRICE,
        ),
        pros=(
            "Am weitesten verbreitet: fast jeder Kunde hat es.",
            "Schnell eingerichtet und ohne Erklärung bedienbar.",
            "Knöpfe für Antworten; „zugestellt“ und „gelesen“ werden gemeldet.",
        ),
        cons=(
            "Gehört zu Meta; Verbindungsdaten bleiben im Konzern.",
            "Außerhalb von 24 Stunden nach der letzten Nachricht des Kunden gehen nur freigegebene Vorlagen.",
            "Die private App darf nicht gewerblich genutzt werden, und sie gleicht das Adressbuch ab.",
            "Das Konto kann gesperrt werden; ohne eigene Ablage ist dann alles weg (hier liegt alles im Auftrag).",
            "„Nur auf einem Gerät“ ist überholt: heute gehen mehrere.",
        ),
        must=(
            "Eigene Nummer für den Betrieb, auch Festnetz.",
            "Vertrag zur Auftragsverarbeitung annehmen (in den Bedingungen von Meta enthalten).",
            "WhatsApp in der Datenschutzerklärung nennen und die Einwilligung je Kunde festhalten.",
        ),
        connects="Ohne Anschluss von Hand über die App auf dem Handy, oder über die Cloud API: Zollstock sendet selbst, Antworten kommen von allein.",
    ),
    Advice(
        kind="messenger",
        name="Facebook Messenger",
        seat=Fact("Meta Platforms Ireland Limited, Dublin (EU); Muttergesellschaft in den USA.", _META_TERMS),
        transfer=Fact(
            f"Weitergabe in die USA nach Art. 45 DSGVO (Data Privacy Framework), ersatzweise Standardvertragsklauseln. {_DPF}",
            _META_TERMS,
        ),
        encryption=Fact(
            "Transportverschlüsselt; Meta kann mitlesen. Ende zu Ende gilt seit Dezember 2023 nur zwischen Privatpersonen, nicht mit Seiten von Betrieben.",
            _MESSENGER_E2E,
        ),
        cost=Fact("Kostenlos.", _MESSENGER_API),
        pros=(
            "Der Kunde schreibt direkt von der Facebook-Seite aus.",
            "Knöpfe für Antworten.",
            "Auch ohne Handynummer.",
        ),
        cons=(
            "Der Kunde muss zuerst schreiben; nach 24 Stunden (mit Zusage von Meta 7 Tagen) ist Schluss.",
            "Verknüpft mit dem Facebook-Profil und dessen Auswertung.",
            "Die App verlangt Zugriff auf viele Funktionen des Handys.",
        ),
        must=(
            "Facebook-Seite des Betriebs mit Impressum.",
            "Freigabe der Meta-App (App Review) für Nachrichten.",
            "Gemeinsame Verantwortung für die Seite in der Datenschutzerklärung nennen.",
        ),
        connects="Über die Send API der Seite; Antworten kommen von allein.",
    ),
    Advice(
        kind="telegram",
        name="Telegram",
        seat=Fact(
            "Telegram Messenger Inc., Britische Jungferninseln; Betrieb in Dubai (Vereinigte Arabische Emirate).",
            _TELEGRAM,
        ),
        transfer=Fact(
            "Kein Angemessenheitsbeschluss. Daten aus der EU liegen laut Telegram in den Niederlanden; Weitergabe im Konzern mit Standardvertragsklauseln (Art. 46). Nur auf Wunsch des Kunden nutzen (Art. 49 Abs. 1 a).",
            _TELEGRAM,
        ),
        encryption=Fact(
            "Mit Bots nur transportverschlüsselt: Telegram kann mitlesen. Geheime Chats gibt es mit Bots nicht.",
            _TELEGRAM,
        ),
        cost=Fact("Kostenlos.", _TELEGRAM_BOTS),
        pros=(
            "Von mehreren Geräten zugleich nutzbar.",
            "Knöpfe für Antworten, große Dateien, viele Einstellungen.",
            "Ohne öffentliche Adresse des Betriebs anschließbar.",
        ),
        cons=(
            "Der Kunde muss den Bot selbst starten.",
            "Keine Ende-zu-Ende-Verschlüsselung, Server außerhalb der eigenen Kontrolle.",
            "Ruf: auch von radikalen Gruppen genutzt.",
            "Meldet weder „zugestellt“ noch „gelesen“.",
        ),
        must=(
            "Bot anlegen (bei @BotFather) und nach dem Betrieb benennen.",
            "Kunden vor dem Start sagen, wohin die Daten gehen.",
        ),
        connects="Über einen Bot des Betriebs; ein persönlicher Start-Link verbindet den Kunden.",
    ),
    Advice(
        kind="threema",
        name="Threema",
        seat=Fact("Threema GmbH, Pfäffikon SZ (Schweiz); Server in der Schweiz.", _THREEMA),
        transfer=Fact("Schweiz: Angemessenheitsbeschluss nach Art. 45 DSGVO.", _SWISS),
        encryption=Fact(
            "Ende zu Ende, wenn der eigene Schlüssel genutzt wird; in der einfachen Betriebsart verschlüsselt Threema für den Betrieb.",
            _GATEWAY,
        ),
        cost=Fact(
            "Guthaben: jede gesendete Nachricht kostet Credits; der Kunde hat die App gekauft.", _GATEWAY
        ),
        pros=(
            "Erfüllt die Anforderungen der EU an den Datenschutz am besten.",
            "Ohne Handynummer nutzbar, wenig Verbindungsdaten.",
            "„Zugestellt“ und „gelesen“ werden gemeldet; Daumen hoch und runter als Ja und Nein.",
        ),
        cons=(
            "Kostenpflichtig, darum weniger Nutzer.",
            "Keine Knöpfe; mehr als zwei Antworten gehen über den Antwort-Link.",
        ),
        must=(
            "Gateway-ID beantragen und Guthaben kaufen.",
            "Den privaten Schlüssel sicher verwahren.",
        ),
        connects="Über Threema Gateway, Ende zu Ende oder einfach.",
    ),
    Advice(
        kind="signal",
        name="Signal",
        seat=Fact("Signal Messenger LLC, Mountain View, Kalifornien (USA).", _SIGNAL),
        transfer=Fact(
            "Kein Vertrag zur Auftragsverarbeitung, keine bekannte Zertifizierung. Inhalte sind Ende zu Ende verschlüsselt; übrig bleibt die Rufnummer. Nur auf Wunsch des Kunden nutzen (Art. 49 Abs. 1 a).",
            _SIGNAL,
        ),
        encryption=Fact("Immer Ende zu Ende, bis zum eigenen Server des Betriebs.", _SIGNAL),
        cost=Fact("Kostenlos; der Betrieb braucht einen eigenen kleinen Server dafür.", _SIGNAL_CLI),
        pros=(
            "Stärkste Verschlüsselung, kaum Verbindungsdaten.",
            "Gespräche liegen nur auf den Geräten, nicht beim Anbieter.",
            "Quelloffen und ohne Werbung.",
        ),
        cons=(
            "Sitz in den USA.",
            "Keine offizielle Schnittstelle: Signal kann sie jederzeit ändern oder ein Rätsel (Captcha) verlangen.",
            "Was während eines Ausfalls ankommt, kann verloren gehen; die Lücke wird gemeldet.",
        ),
        must=(
            "Eigene Rufnummer nur dafür.",
            "signal-cli-rest-api betreiben und alle paar Wochen aktualisieren.",
        ),
        connects="Versuchsweise über signal-cli-rest-api auf dem Server des Betriebs; von Haus aus aus.",
    ),
    Advice(
        kind="email",
        name="E-Mail",
        seat=Fact(
            "Beim eigenen Anbieter des Betriebs; mit Sitz in Deutschland bleiben die Daten in der EU.", _GDPR
        ),
        transfer=Fact(
            "Anbieter in der EU: keine Weitergabe in ein Drittland. Sonst gilt, was der Vertrag mit dem Anbieter sagt.",
            _GDPR,
        ),
        encryption=Fact(
            "Transportverschlüsselt von Server zu Server (STARTTLS); auf den Servern lesbar.", _MAIL
        ),
        cost=Fact("Im Postfach des Betriebs enthalten.", _GDPR),
        pros=(
            "Jeder hat sie, auch Hausverwaltungen und Architekten.",
            "Ohne neue Einwilligung in einen Messenger.",
            "Läuft beim Auftrag auf, mit Anhängen.",
        ),
        cons=(
            "Langsamer: Antworten dauern oft Tage.",
            "Kein „gelesen“; Spamfilter verschlucken manches.",
            "Keine Knöpfe; Antworten gehen über den Antwort-Link.",
        ),
        must=(
            "Vertrag zur Auftragsverarbeitung mit dem Anbieter.",
            "Eigenes Postfach für Zollstock, zum Beispiel auftrag@.",
        ),
        connects="Über SMTP und IMAP des Postfachs; jeder Auftrag hat seine Adresse.",
    ),
    Advice(
        kind="phone",
        name="Telefon",
        seat=Fact("Beim Telefonanbieter des Betriebs.", _TDDDG),
        transfer=Fact("Keine Weitergabe durch Zollstock: festgehalten wird nur die eigene Notiz.", _TDDDG),
        encryption=Fact("Durch das Fernmeldegeheimnis geschützt, nicht verschlüsselt.", _TDDDG),
        cost=Fact("Nach dem Tarif des Betriebs.", _TDDDG),
        pros=(
            "Schnellste Klärung, kein Missverständnis.",
            "Erreicht jeden.",
        ),
        cons=(
            "Kein Bild.",
            "Ohne Notiz bleibt nichts: darum die Telefonnotiz nach jedem Anruf.",
        ),
        must=("Gespräche nicht aufzeichnen.",),
        connects="Tippen zum Anrufen; danach fragt Zollstock nach einer kurzen Notiz.",
    ),
)
