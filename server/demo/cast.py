"""Who and what the demo company is made of: plain data, invented people, numbers nobody has.

Phone numbers are from the ranges the German regulator keeps free for drama (Bundesnetzagentur, 0171 39200xx).
Photos lie in `photos/`; `ago_h` is hours before now.
"""

from dataclasses import dataclass

from server.domain.companies import Profile
from server.domain.users import Role

COMPANY = "Köhler Bad & Ausbau GmbH"
PROFILE = Profile(
    name=COMPANY,
    street="Gewerbestraße 7",
    postcode="50859",
    city="Köln",
    phone="0221 4710815",
    email="buero@koehler-ausbau.example",
    imprint_url="https://koehler-ausbau.example/impressum",
    privacy_url="https://koehler-ausbau.example/datenschutz",
)


@dataclass(frozen=True, slots=True)
class Somebody:
    login: str
    name: str
    role: Role


PEOPLE = (
    Somebody("martin", "Martin Köhler", Role.ADMIN),
    Somebody("sabine", "Sabine Köhler", Role.OFFICE),
    Somebody("ali", "Ali Yilmaz", Role.WORKER),
    Somebody("jana", "Jana Becker", Role.WORKER),
    Somebody("pjotr", "Pjotr Nowak", Role.WORKER),
)


@dataclass(frozen=True, slots=True)
class Client:
    """`apps` are the messengers on his phone, the one he prefers first; `consents` are (channel, how it was given)."""

    key: str
    name: str
    street: str
    postcode: str
    city: str
    contact: str
    phone: str
    email: str
    apps: tuple[str, ...]
    consents: tuple[tuple[str, str], ...] = ()


CLIENTS = (
    Client("mueller", "Familie Müller", "Lindenstr. 14", "50674", "Köln", "Petra Müller", "0171 3920001",
           "petra.mueller@kunde.example", ("whatsapp", "email"),
           (("whatsapp", "bei der Besprechung am Küchentisch zugestimmt"),)),
    Client("kita", "Kita Sonnenhof e. V.", "Am Anger 3", "50354", "Hürth", "Frau Dogan (Leitung)", "0171 3920002",
           "leitung@kita-sonnenhof.example", ("whatsapp",),
           (("whatsapp", "am Telefon zugestimmt, Rückruf wegen Heizung"),)),
    Client("weiss", "Praxis Dr. Weiß", "Markt 9", "50321", "Brühl", "Dr. Julia Weiß", "0171 3920003",
           "weiss@praxis-weiss.example", ("threema", "email"),
           (("threema", "in der Praxis zugestimmt, WhatsApp ist dort nicht erlaubt"),)),
    Client("hv", "Hausverwaltung Rheinblick", "Uferweg 22", "50996", "Köln", "Herr Brandt", "0171 3920004",
           "brandt@hv-rheinblick.example", ("email",), (("email", "steht so im Rahmenvertrag, Punkt 7"),)),
    Client("schroeder", "Familie Schröder", "Birkenweg 5", "50226", "Frechen", "Jonas Schröder", "0171 3920005",
           "", ("telegram", "whatsapp")),
    Client("kaya", "Café Kaya", "Severinstr. 61", "50678", "Köln", "Ayşe Kaya", "0171 3920006",
           "", ("messenger",)),
    Client("hoffmann", "Lena Hoffmann", "Eichenallee 31", "50354", "Hürth", "Lena Hoffmann", "0171 3920007",
           "lena.hoffmann@kunde.example", ("signal", "email"),
           (("signal", "bei der Schlüsselübergabe zugestimmt"),)),
)  # fmt: skip

STRANGER = ("Tobias Lindner", "+491713920008", "whatsapp",
            "Guten Tag, machen Sie auch Bäder in Frechen? Wir planen für das Frühjahr.")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Work:
    key: str
    client: str
    title: str
    street: str
    postcode: str
    city: str
    members: tuple[str, ...]
    ago_h: int


JOBS = (
    Work("bad", "mueller", "Bad Müller, Fliesen und Dusche", "Lindenstr. 14", "50674", "Köln", ("ali", "pjotr"), 400),
    Work("heizung", "kita", "Heizung Kita Sonnenhof", "Am Anger 3", "50354", "Hürth", ("jana",), 300),
    Work("tueren", "weiss", "Türen und Parkett Praxis Dr. Weiß", "Markt 9", "50321", "Brühl", ("ali", "jana"), 200),
    Work("dach", "schroeder", "Dachausbau Schröder, Trockenbau", "Birkenweg 5", "50226", "Frechen", ("pjotr",), 150),
    Work("feuchte", "hv", "Feuchteschaden Uferweg 22, EG links", "Uferweg 22", "50996", "Köln", (), 500),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shot:
    file: str
    job: str | None
    by: str
    ago_h: float
    phase: str
    caption: str
    tags: tuple[str, ...]
    released: bool = False


SHOTS = (
    Shot("wand-feucht-vorher", "feuchte", "pjotr", 340, "before", "Feuchteschaden Außenecke", ("Wand", "Feuchte"), True),
    Shot("fassade-putz-riss", "feuchte", "pjotr", 339.8, "defect", "Riss unter dem Fenster, Westseite", ("Fassade", "Riss"), True),
    Shot("wand-feucht-nachher", "feuchte", "pjotr", 52, "after", "Wand saniert und gestrichen", ("Wand", "Anstrich"), True),
    Shot("bad-dusche-vorher", "bad", "ali", 100, "before", "Duschecke vor dem Fliesen", ("Bad", "Dusche"), True),
    Shot("vorwand-rohre-offen", "bad", "ali", 99.6, "concealed", "Rohre in der Vorwand, vor dem Schließen", ("Vorwand", "Rohre"), True),
    Shot("bad-fliesen-wand", "bad", "ali", 27.5, "during", "Wandfliesen, vierte Reihe fertig", ("Bad", "Fliesen"), True),
    Shot("fliese-gesprungen", "bad", "pjotr", 3.4, "defect", "Fliese gesprungen, austauschen", ("Fliesen",)),
    Shot("bad-dusche-nachher", "bad", "ali", 2.2, "after", "Dusche fertig, Glaswand montiert", ("Bad", "Dusche")),
    Shot("heizung-verteiler-pumpen", "heizung", "jana", 30, "during", "Pumpengruppen montiert", ("Heizraum",), True),
    Shot("fussbodenheizung-verlegt", "heizung", "jana", 6.1, "concealed", "Heizkreise verlegt, vor dem Estrich", ("Fußbodenheizung",)),
    Shot("beton-leerrohre-boden", "heizung", "jana", 5.9, "concealed", "Leerrohre und Bodenkanal", ("Leerrohr",)),
    Shot("tuer-zarge-schaum", "tueren", "ali", 24.8, "during", "Zarge ausgerichtet und eingeschäumt", ("Tür", "Zarge"), True),
    Shot("parkett-verlegung", "tueren", "jana", 4.5, "during", "Parkett, halbe Fläche liegt", ("Parkett",)),
    Shot("elektro-schlitze-dosen", None, "pjotr", 1.5, "concealed", "", ()),
    Shot("elektro-unterverteilung", None, "pjotr", 1.4, "during", "", ()),
    Shot("fenster-einbau-band", None, "jana", 1.1, "during", "", ()),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Ask:
    """`answer` is the choice the customer taps; None leaves the question running, `sent=False` waits for the office."""

    job: str
    by: str
    ago_h: float
    text: str
    choices: tuple[str, ...]
    photos: tuple[str, ...]
    sent: bool = True
    answer: str | None = None


ASKS = (
    Ask("bad", "ali", 27.2, "Welche Fuge sollen wir nehmen?", ("Hellgrau", "Anthrazit", "Bitte anrufen"),
        ("bad-fliesen-wand",), answer="Hellgrau"),
    Ask("heizung", "jana", 5.0, "Die Pumpengruppe passt nur links. Ist das in Ordnung?", ("Ja, links", "Bitte anrufen"),
        ("heizung-verteiler-pumpen",)),
    Ask("bad", "pjotr", 3.3, "Eine Bodenfliese ist gesprungen. Sollen wir sie gleich tauschen?", ("Ja, gleich", "Später"),
        ("fliese-gesprungen",), sent=False),
    Ask("dach", "pjotr", 26.0, "Wohin soll der Lichtschalter im Giebel?", ("Links der Tür", "Rechts der Tür"), (),
        answer="Rechts der Tür"),
    Ask("tueren", "ali", 24.5, "Die Zarge sitzt. Soll das Türblatt nach innen aufgehen?", ("Ja", "Nein"),
        ("tuer-zarge-schaum",), answer="👍"),
)  # fmt: skip

NOTES = (
    ("bad", "ali", 27.0, "Silikon erst am Donnerstag, die Fugen müssen trocknen."),
    ("heizung", "jana", 6.0, "Estrichleger kommt am Mittwoch um 7 Uhr. Schlüssel liegt bei Frau Dogan."),
    ("feuchte", "pjotr", 51.0, "Feuchte nach der Sanierung gemessen: unter 2 %."),
)


@dataclass(frozen=True, slots=True)
class Line:
    """Something said in the first hours of the demo: by the customer `ago_h` before now, or by the office just now."""

    client: str
    channel: str
    text: str
    ago_h: float = 0.0
    by_office: bool = False
    file: str = ""


TALKS = (
    Line("mueller", "whatsapp", "Guten Morgen, die Fliesen sehen schon toll aus!", 5.2),
    Line("kita", "whatsapp", "Hallo, kommen Sie morgen auch wieder um 8?", 3.1),
    Line("schroeder", "telegram", "Hallo, hier Jonas Schröder. So klappt es also, danke!", 6.4),
    Line("kaya", "messenger", "Haben Sie schon einen Termin für die Theke?", 4.5),
    Line("kaya", "messenger", "Ja, am Dienstag um 8 Uhr bringen wir die Platte.", by_office=True),
    Line("kaya", "messenger", "Super, dann räume ich vorher aus."),
    Line("hoffmann", "signal", "So sieht die Ecke im Flur aus. Können Sie das mitmachen?", 2.3, file="wand-feucht-vorher"),
    Line("hoffmann", "signal", "Das machen wir mit. Der Preis kommt morgen per E-Mail.", by_office=True),
    Line("hoffmann", "signal", "Perfekt 👍"),
    Line("hv", "email", "Die Wand im EG links ist trocken und gestrichen. Passt Ihnen die Abnahme am Freitag um 10 Uhr?",
         by_office=True),
    Line("hv", "email", "Freitag 10 Uhr passt. Bitte die Messwerte mitbringen.\n\nMit freundlichen Grüßen\nBrandt"),
)  # fmt: skip

TOMORROW = Line("kita", "whatsapp", "Guten Morgen Frau Dogan, der Estrichleger ist heute ab 7 Uhr im Haus.", by_office=True)  # fmt: skip
DOUBT = Line("schroeder", "telegram", "Die Gipsplatten kommen am Montag um 7:30 Uhr.", by_office=True)
LABELLED = {"mueller": "Noch antworten", "hoffmann": "Angebot geschrieben"}
QUICK_REPLIES = (
    ("Wir kommen", "Guten Tag, wir kommen morgen zwischen 7 und 9 Uhr. Bitte die Zufahrt freihalten."),
    ("Foto bitte", "Bitte ein Foto der Stelle schicken, dann können wir den Aufwand besser einschätzen."),
)


@dataclass(frozen=True, slots=True)
class Text:
    """A template at WhatsApp, as Meta has judged it."""

    name: str
    text: str
    header_image: bool = False
    state: str = "APPROVED"
    category: str = "UTILITY"
    reason: str = "NONE"


TEXTS = (
    Text("terminbestaetigung", "Guten Tag {{name}}, wir kommen am {{tag}} zwischen {{uhrzeit}}. Bitte die Zufahrt freihalten."),
    Text("rueckfrage", "Guten Tag, zu Ihrem Auftrag gibt es eine Frage: {{1}} Vielen Dank, Köhler Bad & Ausbau."),
    Text("foto_vom_stand", "So sieht es heute bei Ihnen aus: {{1}} Bei Fragen einfach hier antworten.", header_image=True),
    Text("fruehjahrsaktion", "Bis Ende März: zehn Prozent auf jedes neue Bad.", category="MARKETING"),
    Text("rechnung_erinnerung", "Guten Tag {{name}}, die Rechnung {{nummer}} ist noch offen.", state="PAUSED"),
    Text("gewinnspiel", "Jetzt mitmachen!", state="REJECTED", category="MARKETING", reason="PROMOTIONAL"),
)  # fmt: skip
