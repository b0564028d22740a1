"""Photos for a partner: each refusal with its remedy, the page behind the link, and everything that closes it."""

import io
import itertools
import re
from datetime import timedelta
from uuid import UUID

import pytest
from PIL import Image

from server.actions import customers, jobs, mergers, photos, reviews, share_links
from server.clock import now
from server.db import customers as customers_db
from server.db import partners
from server.db import photos as photos_db
from server.db import share_links as links_db
from server.db.tables import LogbookRow, ShareLinkRow
from server.domain.customers import ContactDraft
from server.domain.jobs import Job, JobDraft
from server.domain.media import JPEG
from server.domain.photos import Person, Photo, Words
from server.domain.reviews import Verdict
from server.domain.share_links import Why
from server.domain.users import Role
from tests import factories
from tests.pages.conftest import House
from tests.pages.test_consents import people
from tests.pages.test_partners import made, sign
from tests.running import browser
from tests.sites import photo_item

_SHADES = itertools.count(10)


def jpeg() -> bytes:
    """Return a real photo with a place and a maker in its EXIF, each one of its own."""
    exif = Image.Exif()
    exif[0x010F] = "CANARY-MAKER"
    exif.get_ifd(0x8825)[1] = "N"
    file = io.BytesIO()
    Image.new("RGB", (64, 48), (next(_SHADES), 120, 90)).save(file, "JPEG", exif=exif)
    return file.getvalue()


async def picture(house: House, job: Job, *, person: Person = Person.NONE, released: bool = True) -> UUID:
    """Return a stored photo of the job."""
    worker, office, data = house.acting(Role.WORKER), house.acting(Role.OFFICE), jpeg()
    assert b"CANARY" in data
    item = photo_item(data, job=str(job.id))
    await photos.announce(worker, item, job_id=job.id, at=now())
    key = photos.storage_key(await known(house, item.id), "jpg")
    await house.app.state.services.storage.put(key, data, content_type="image/jpeg")
    await photos.add_original(
        worker, await known(house, item.id), key=key, sha256=item.sha256, kind=JPEG, at=now()
    )
    if released:
        await reviews.decide(office, await known(house, item.id), verdict=Verdict.RELEASED, note="", at=now())
    if person is not Person.NONE:
        await reviews.flag_person(office, await known(house, item.id), person, note="", at=now())
    return item.id


async def known(house: House, photo_id: UUID) -> Photo:
    found = await photos_db.by_id(house.company.id, photo_id)
    assert found
    return found


async def offer(house: House, job: Job, partner: str, *photos: UUID) -> tuple[int, str]:
    """Return the status, and where it leads or what it says."""
    form = {"partner": partner.rsplit("/", 1)[1], "photos": [str(one) for one in photos]}
    answer = await house.office.post(f"/jobs/{job.id}/shares", data=form)
    return answer.status_code, answer.headers.get("location") or answer.text


async def test_each_refusal_has_its_sentence_and_the_way_out(house: House) -> None:
    _, job, consents = await people(house)
    partner = await made(house)
    name = partner.rsplit("/", 1)[1]
    shot = await picture(house, job)
    new = f"/jobs/{job.id}/shares/new?partner={name}"

    page = (await house.office.get(new)).text
    assert "hat der Weitergabe an diese Firma nicht zugestimmt" in page and "purpose=third_party" in page
    assert "Link machen" not in page
    status, said = await offer(house, job, partner, shot)
    assert status == 422 and "nicht zugestimmt" in said

    about = {"purpose": "third_party", "partner": name, "job": str(job.id), "how": "gesagt zu Sabine"}
    assert (await house.office.post(consents, data=about)).status_code == 303
    page = (await house.office.get(new)).text
    assert "gibt es keinen Vertrag" in page and f'href="{partner}"' in page
    assert (await offer(house, job, partner, shot))[0] == 422

    assert await sign(house, partner, ends=30) == 303
    assert "Der Kunde hat zugestimmt, der Vertrag gilt." in (await house.office.get(new)).text
    assert "mindestens ein Foto" in (await offer(house, job, partner))[1]
    seen = await picture(house, job, person=Person.OPEN)
    assert "jemand zu erkennen" in (await offer(house, job, partner, shot, seen))[1]
    fresh = await picture(house, job, released=False)
    assert "noch nicht freigegeben" in (await offer(house, job, partner, fresh))[1]
    other = await factories.job(house.acting(Role.OFFICE), "Anderer")
    assert "nicht zugestimmt" in (await offer(house, other, partner, shot))[1]
    assert (await house.worker.post(f"/jobs/{job.id}/shares", data={})).status_code == 403
    assert await links_db.of_jobs(house.company.id, [job.id]) == []
    status, where = await offer(house, job, partner, shot)
    assert status == 303 and where.startswith("/shares/")


async def shared(house: House) -> tuple[Job, str, str, str]:
    """Return the job, the partner's page, the link's own page and the address its partner got."""
    _, job, consents = await people(house)
    partner = await made(house)
    await sign(house, partner, ends=30)
    about = {
        "purpose": "third_party",
        "partner": partner.rsplit("/", 1)[1],
        "job": str(job.id),
        "how": "gesagt",
    }
    await house.office.post(consents, data=about)
    _, where = await offer(house, job, partner, await picture(house, job), await picture(house, job))
    text = (await house.office.get(where)).text
    address = re.search(r"http://zollstock\.test(/s/[\w-]+)", text)
    assert address
    return job, partner, where, address[1]


async def test_the_partner_sees_these_photos_and_nothing_else(house: House) -> None:
    job, partner, where, address = await shared(house)
    hidden = await picture(house, job)
    before = await LogbookRow.all().count()
    guest = browser(house.app)
    answer = await guest.get(address)
    assert answer.status_code == 200 and "2 Fotos" in answer.text and "Elektro Blitz" in answer.text
    assert "set-cookie" not in answer.headers and "<script" not in answer.text and "Petra" not in answer.text
    assert "noindex" in answer.headers["x-robots-tag"] and answer.headers["referrer-policy"] == "no-referrer"
    for place in (1, 2):
        copy = await guest.get(f"{address}/photos/{place}.jpg")
        assert copy.status_code == 200 and copy.content.startswith(b"\xff\xd8\xff")
        assert b"CANARY" not in copy.content and b"Exif" not in copy.content
        assert "noindex" in copy.headers["x-robots-tag"]
    for other in ("0", "3", str(hidden)):
        assert (await guest.get(f"{address}/photos/{other}.jpg")).status_code == 404
    assert (await guest.get("/s/unbekannt")).status_code == 410
    assert (await guest.post(address)).status_code == 405
    assert (await guest.get(where)).status_code in (303, 401)
    await guest.aclose()
    # Nobody is written down, nothing is counted.
    assert await LogbookRow.all().count() == before
    assert "count" not in {name for name in ShareLinkRow._meta.fields_map}
    for page in (f"/jobs/{job.id}/shared", partner):
        listed = (await house.office.get(page)).text
        assert where in listed and "offen" in listed
    assert f"{job.number} · {job.title}" in (await house.office.get(partner)).text
    assert "gab Fotos frei" in (await house.office.get(partner)).text


async def test_what_went_to_another_job_or_customer_is_not_this_partners(house: House) -> None:
    """A photo that lay in the wrong job is released anew where it belongs; a job that becomes another customer's, too."""
    job, _, _, address = await shared(house)
    office = house.acting(Role.OFFICE)
    [link] = await links_db.of_jobs(house.company.id, [job.id])
    neighbour = await factories.customer(office, "Nachbarn")
    other = await factories.job(office, "Nebenan", customer_id=neighbour.id)
    first = await known(house, link.photo_ids[0])
    words = Words(first.caption, first.phase, tuple(first.tags), other.id)
    await photos.describe(office, first, words, at=now())
    await reviews.decide(office, await known(house, first.id), verdict=Verdict.RELEASED, note="", at=now())
    async with browser(house.app) as guest:
        assert (await guest.get(f"{address}/photos/1.jpg")).status_code == 200
        assert (await guest.get(f"{address}/photos/2.jpg")).status_code == 404
        await mergers.merge(office, job, other.id, at=now())
        for photo in await photos_db.by_ids(house.company.id, link.photo_ids):
            await reviews.decide(office, photo, verdict=Verdict.RELEASED, note="", at=now())
        assert (await guest.get(address)).status_code == 410
        assert (await guest.get(f"{address}/photos/1.jpg")).status_code == 410


async def test_another_customer_or_another_person_of_the_house_has_not_agreed(house: House) -> None:
    """Who said yes was the first customer; and where one of two said no, the yes of the other is not enough."""
    job, partner, _, address = await shared(house)
    office = house.acting(Role.OFFICE)
    async with browser(house.app) as guest:
        assert (await guest.get(address)).status_code == 200
        husband = await customers_db.by_id(house.company.id, job.customer_id or job.id)
        assert husband
        jens = await customers.add_contact(office, husband, ContactDraft("Jens", "0151 99887766"), at=now())
        about = {"purpose": "third_party", "partner": partner.rsplit("/", 1)[1], "job": str(job.id)}
        no = {"contact": str(job.contact_id), "verb": "withdrawn"}
        await house.office.post(
            f"/contacts/{job.contact_id}/consents/withdrawal", data={"channel": "whatsapp"} | no
        )
        assert (await guest.get(address)).status_code == 410
        await house.office.post(f"/contacts/{jens.id}/consents", data=about | {"how": "gesagt"})
        assert (await guest.get(address)).status_code == 410


async def test_a_job_of_another_customer_is_shared_with_nobody(house: House) -> None:
    job, _, _, address = await shared(house)
    office = house.acting(Role.OFFICE)
    other = await factories.customer(office, "Nachbarn")
    await jobs.change(office, job, JobDraft(job.title, job.number, customer_id=other.id), at=now())
    [link] = await links_db.of_jobs(house.company.id, [job.id])
    for photo in await photos_db.by_ids(house.company.id, link.photo_ids):
        if photo.review == "new":
            await reviews.decide(office, photo, verdict=Verdict.RELEASED, note="", at=now())
    async with browser(house.app) as guest:
        assert (await guest.get(address)).status_code == 410


@pytest.mark.parametrize("end", ["link", "consent", "contract", "person", "time"])
async def test_whatever_ends_it_closes_page_and_pictures(house: House, end: str) -> None:
    job, partner, where, address = await shared(house)
    services = house.app.state.services
    [link] = await links_db.of_jobs(house.company.id, [job.id])
    at, why = now(), Why.CLOSED
    if end == "link":
        assert (await house.office.post(f"{where}/revocation")).status_code == 303
        assert (await house.office.post(f"{where}/revocation")).status_code == 409
        why = Why.REVOKED
    elif end == "consent":
        contact = job.contact_id
        await house.office.post(f"/contacts/{contact}/consents/withdrawal", data={"channel": "whatsapp"})
    elif end == "contract":
        known = await partners.contracts_of(house.company.id, [UUID(partner.rsplit("/", 1)[1])])
        [contract] = known[UUID(partner.rsplit("/", 1)[1])]
        await house.office.post(f"/contracts/{contract.id}/revocation")
    elif end == "person":
        await house.office.post(f"/photos/{link.photo_ids[0]}/person", data={"person": "open"})
    else:
        at, why = now() + timedelta(days=15), Why.EXPIRED
    found = await share_links.look_up(share_links.token(services, link.id), at=at)
    assert isinstance(found, share_links.Dead) and found.why is why
    if end == "time":
        return
    for path in (address, f"{address}/photos/1.jpg"):
        assert (await house.guest.get(path)).status_code == 410
    text = (await house.guest.get(address)).text
    assert "gilt nicht mehr" in text and "Betrieb" in text and "Petra" not in text
    assert ("widerrufen" if end == "link" else "geschlossen") in (
        await house.office.get(f"/jobs/{job.id}/shared")
    ).text
