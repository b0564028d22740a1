// @ts-check
/** @typedef {[reason: string, step: string]} Words */

const TELL = 'Kopie sichern und im Büro melden.';
const BY_ITSELF = 'Es wird von selbst nochmal versucht.';
const AGAIN = 'Nochmal senden. Hilft das nicht: Kopie sichern und im Büro melden.';
const RETAKE = 'Neu aufnehmen und diesen Eintrag entfernen.';
const ELSEWHERE = 'Kopie sichern, anders ins Büro geben und hier entfernen.';

/** @type {Words} */
const REFUSED = ['Das Büro nimmt es so nicht an ({code}).', TELL];
/** @type {Words} */
const MUDDLED = ['Beim Senden ist etwas durcheinandergekommen ({code}).', AGAIN];
/** @type {Words} */
const NO_PHOTO = ['Diese Datei ist kein Foto, das der Server kennt.', ELSEWHERE];
/** @type {Words} */
const NO_CLIP = ['Diese Aufnahme ist in einer Form, die der Server nicht kennt.', ELSEWHERE];
/** @type {Words} */
const TOO_LARGE = ['Die Aufnahme ist für den Server zu groß.', TELL];
/** @type {Words} */
const TOO_LONG = ['Der Text dazu ist zu lang.', TELL];
/** @type {Words} */
const DIFFERS = ['Im Büro liegt unter derselben Nummer etwas anderes.', TELL];
/** @type {Words} */
const BLOCKED = ['Das Büro hat den Zugang gesperrt.', 'Im Büro melden. Bis dahin Kopien sichern.'];
/** @type {Words} */
const OLD_SERVER = ['Der Server kennt diese Art Eintrag noch nicht.', 'Im Büro melden. Nochmal senden, sobald der Server erneuert ist.'];
/** @type {Words} */
const OUTDATED = ['Zollstock ist auf diesem Handy veraltet.', 'Seite neu laden, dann geht es weiter.'];
/** @type {Words} */
const ASK_AGAIN = ['Zu dieser Einwilligung fehlt der ganze Wortlaut.', 'Den Kunden noch einmal fragen und diesen Eintrag entfernen.'];
const ASK_ANEW = 'Neu fragen und diesen Eintrag entfernen.';
/** @type {Words} */
const DAMAGED = ['Die Aufnahme kam zweimal beschädigt an.', 'In besserem Netz nochmal senden.'];

/** @type {Words} */
const GONE = ['Im Büro gelöscht, bevor es ankam.', 'Kopie sichern oder entfernen.'];
/** @type {Words} */
const WORDLESS = ['Der Text fehlt.', 'Neu schreiben und diesen Eintrag entfernen.'];

/** What a person reads about each code of phone and server, and what helps. @type {Record<string, Words>} */
export const REASONS = {
  login: ['Die Anmeldung ist abgelaufen.', 'Anmelden, dann geht es von selbst weiter.'],
  forbidden: BLOCKED,
  conflict: DIFFERS,
  tombstone: GONE,
  receipt: ['Die Quittung vom Büro passt nicht zu dieser Aufnahme.', 'Nochmal senden. Die Aufnahme bleibt hier.'],
  hash: DAMAGED,
  'bytes-changed': ['Der Speicher dieses Handys hat die Aufnahme verändert.', 'Kopie sichern und ansehen, dann neu aufnehmen.'],
  'lost-bytes': ['Der Browser hat die Aufnahme verloren.', 'Neu aufnehmen. Der Eintrag bleibt zur Erinnerung.'],
  unreadable: ['Der Speicher dieses Handys gibt die Aufnahme nicht her.', 'Nochmal senden. Hilft das nicht: neu aufnehmen und diesen Eintrag entfernen.'],
  storage: ['Der Speicher dieses Handys antwortet gerade nicht.', BY_ITSELF],
  'too-large': TOO_LARGE,
  server: ['Der Server hat gerade ein Problem.', BY_ITSELF],
  offset: ['Der Server zählt anders als das Handy.', BY_ITSELF],
  wifi: ['Die Aufnahme wartet auf WLAN, wie eingestellt.', '„Jetzt senden“ schickt es trotzdem.'],
  unfinished: ['Das Büro hat die Aufnahme, hat sie aber noch nicht abgelegt.', BY_ITSELF],
  'photos-first': ['Die Fotos dazu sind noch nicht im Büro.', 'Es geht von selbst, sobald sie dort sind.'],
  preview: ['Der Server nimmt die Vorschau gerade nicht an.', BY_ITSELF],
  'http-404': OLD_SERVER,
  'http-405': OLD_SERVER,
  'user.disabled': BLOCKED,
  'role.not_allowed': BLOCKED,
  'device.locked': ['Das Büro hat dieses Handy gesperrt.', 'Im Büro melden. Bis dahin Kopien sichern.'],
  'device.taken': ['Dieses Handy ist im Büro unter anderem Namen bekannt.', 'Abmelden, neu anmelden und nochmal senden.'],
  'session.none': ['Die Anmeldung ist abgelaufen.', 'Anmelden, dann geht es von selbst weiter.'],
  'session.other_user': ['Jemand anderes ist angemeldet.', 'Abmelden und selbst anmelden, dann geht es weiter.'],
  'client.too_old': OUTDATED,
  'storage.full': ['Der Speicher des Servers ist voll.', 'Im Büro melden. Danach geht es von selbst weiter.'],
  'storage.failed': ['Der Speicher des Servers antwortet nicht.', BY_ITSELF],
  'item.word': OLD_SERVER,
  'item.unknown_field': OLD_SERVER,
  'item.differs': DIFFERS,
  'item.taken': DIFFERS,
  'item.other_bytes': DIFFERS,
  'item.too_long': TOO_LONG,
  'note.too_long': TOO_LONG,
  'note.empty': WORDLESS,
  'field.required': WORDLESS,
  'field.too_long': TOO_LONG,
  'question.empty': WORDLESS,
  'question.photos': ['Eine Rückfrage nimmt höchstens 10 Fotos mit.', 'Mit weniger Fotos neu fragen und diesen Eintrag entfernen.'],
  'question.choices': ['Eine Rückfrage hat höchstens drei Antworten zum Antippen.', ASK_ANEW],
  'question.choices_equal': ['Zwei Antworten zum Antippen sind gleich.', ASK_ANEW],
  'photo.deleted': GONE,
  'photo.empty': ['Die Datei ist leer.', RETAKE],
  'photo.too_large': TOO_LARGE,
  'photo.caption_too_long': TOO_LONG,
  'photo.tag_too_long': TOO_LONG,
  'photo.too_many_tags': TOO_LONG,
  'photo.hash': DAMAGED,
  'photo.type': NO_PHOTO,
  'photo.eps': NO_PHOTO,
  'photo.pdf': NO_PHOTO,
  'photo.svg': NO_PHOTO,
  'photo.html': NO_PHOTO,
  'photo.not_an_image': NO_PHOTO,
  'photo.upload_expired': ['Die Aufnahme wurde nicht zu Ende gesendet.', BY_ITSELF],
  'upload.too_large': TOO_LARGE,
  'clip.not_a_clip': NO_CLIP,
  'clip.too_long': ['Die Aufnahme ist länger als erlaubt.', ELSEWHERE],
  'voice.not_a_voice': NO_CLIP,
  'item.signature': ['Die Unterschrift kam beschädigt an.', 'Noch einmal unterschreiben lassen und diesen Eintrag entfernen.'],
  'contact.unknown': ['Diesen Kunden gibt es im Büro nicht mehr.', 'Im Büro melden. Die Einwilligung bleibt hier.'],
  'consent.not_his_customer': ['Dieser Kunde gehört zu keinem eigenen Auftrag mehr.', 'Im Büro melden. Die Einwilligung bleibt hier.'],
  'consent.no_words': ASK_AGAIN,
  'consent.words_damaged': ASK_AGAIN,
  'filing.no_job': ['Den Auftrag zu dieser Zuordnung gibt es nicht mehr.', 'Entfernen. Die Fotos liegen unsortiert im Büro.'],
  'filing.nothing': ['Zu dieser Zuordnung gehört kein Foto.', 'Entfernen und neu einsortieren.'],
};

/** The same for all other codes of one room, `item.moment` and the like. @type {Record<string, Words>} */
export const ROOMS = { item: REFUSED, photo: REFUSED, note: REFUSED, clip: REFUSED, voice: REFUSED, filing: REFUSED, consent: REFUSED, contact: REFUSED, channel: REFUSED, partner: REFUSED, device: MUDDLED, field: REFUSED, body: REFUSED, upload: MUDDLED, request: MUDDLED };

/** @type {Words} */
export const UNKNOWN = REFUSED;
