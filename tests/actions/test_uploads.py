"""Bytes arrive whole or not at all, and a receipt means they are safe."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from server.actions import reviews, sync, uploads
from server.actions.photos import describe
from server.actions.sync import Origin
from server.db import boards, items, photos, tasks
from server.db import logbook as logbook_table
from server.db.connect import Database
from server.db.unit import atomic
from server.domain.errors import Conflict, DomainError, Invalid, NotFound, TooLarge
from server.domain.items import ItemState
from server.domain.photos import PhotoState, Words
from server.domain.reviews import Verdict
from server.domain.tasks import TaskState
from server.domain.uploads import Checksum, Gone, HashDiffers, Metadata, Receipt
from server.domain.users import Actor
from server.ids import new_id
from server.storage.base import StorageError
from server.storage.disk import WRITE_BYTES
from tests.sites import AT, Site, brought, build, metadata_of, photo_bytes, photo_item, pieces


@pytest.fixture
async def site(database: Database, tmp_path: Path) -> AsyncIterator[Site]:
    made = await build(database, tmp_path)
    yield made
    await made.services.images.close()
    await made.services.http.aclose()


async def announce(site: Site, data: bytes, actor: Actor | None = None) -> Metadata:
    item = photo_item(data)
    await sync.put_item(actor or site.worker, item, Origin(), at=AT)
    return metadata_of(item)


async def begin(site: Site, metadata: Metadata, data: bytes, actor: Actor | None = None) -> uploads.Progress:
    return await uploads.begin(site.services, actor or site.worker, metadata, size_bytes=len(data), at=AT)


async def append(
    site: Site, metadata: Metadata, data: bytes, offset: int = 0, checksum: Checksum | None = None
) -> uploads.Progress:
    assert metadata.id
    chunks = pieces(data)
    return await uploads.append(
        site.services, site.worker, metadata.id, chunks, offset=offset, checksum=checksum, at=AT
    )


async def bring(site: Site, data: bytes) -> Receipt:
    metadata = await announce(site, data)
    await begin(site, metadata, data)
    receipt = (await append(site, metadata, data)).receipt
    assert receipt
    return receipt


async def test_the_receipt_names_what_is_stored(site: Site) -> None:
    data = photo_bytes()
    receipt = await bring(site, data)
    assert (receipt.state, receipt.size, receipt.sha256) == (
        "stored",
        len(data),
        hashlib.sha256(data).hexdigest(),
    )
    photo = await photos.by_id(site.worker.company_id, receipt.id)
    assert photo and photo.state is PhotoState.STORED and photo.storage_key
    assert b"".join([chunk async for chunk in site.services.storage.get(photo.storage_key)]) == data
    verbs = [line.entry.verb for line in (await logbook_table.of_subject(photo.company_id, photo.id)).items]
    assert verbs == ["photo.stored", "photo.announced"]
    claimed = await tasks.claim("fence", at=AT, lease_s=60, limit=10)
    assert [(task.kind, task.payload) for task in claimed] == [("photo.render", {"photo": str(photo.id)})]


async def test_repeating_every_step_gives_the_same_receipt(site: Site) -> None:
    data = photo_bytes()
    metadata = await announce(site, data)
    await begin(site, metadata, data)
    first = (await append(site, metadata, data)).receipt
    assert first
    again = await begin(site, metadata, data)
    once_more = await append(site, metadata, data)
    head = await uploads.progress(site.services, site.worker, first.id, at=AT)
    assert again.receipt == once_more.receipt == head.receipt == first
    assert len((await logbook_table.of_subject(site.worker.company_id, first.id)).items) == 2


async def test_a_second_creation_finds_the_first_and_its_offset(site: Site) -> None:
    data = photo_bytes()
    metadata = await announce(site, data)
    await begin(site, metadata, data)
    await append(site, metadata, data[:1200])
    assert (await begin(site, metadata, data)).offset == 1200


async def test_a_wrong_hash_begins_anew_and_twice_is_seen(site: Site) -> None:
    data, wrong = photo_bytes(seed=1), photo_bytes(seed=2)
    metadata = await announce(site, data)
    assert metadata.id
    await begin(site, metadata, data)
    for problem in ("", "photo.hash"):
        with pytest.raises(HashDiffers):
            await append(site, metadata, wrong)
        photo = await photos.by_id(site.worker.company_id, metadata.id)
        assert photo and (photo.state, photo.problem) == (PhotoState.ANNOUNCED, problem)
        assert (await uploads.progress(site.services, site.worker, metadata.id, at=AT)).offset == 0
    known = await sync.standing(site.services, site.worker, metadata.id, at=AT)
    assert (known.state, known.error) == (ItemState.RECEIVING, "photo.hash")
    assert (await append(site, metadata, data)).receipt
    photo = await photos.by_id(site.worker.company_id, metadata.id)
    assert photo and photo.problem == ""


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', "photo.svg"),
        (b"<!DOCTYPE html><html><body>Hallo</body></html>", "photo.html"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 1 1\n", "photo.eps"),
        (b"\xc5\xd0\xd3\xc6" + bytes(60), "photo.eps"),
    ],
)
async def test_what_is_no_photo_is_parked_with_its_reason(site: Site, content: bytes, code: str) -> None:
    metadata = await announce(site, content)
    await begin(site, metadata, content)
    with pytest.raises(Invalid) as refused:
        await append(site, metadata, content)
    assert refused.value.code == code and metadata.id
    known = await sync.standing(site.services, site.worker, metadata.id, at=AT)
    assert (known.state, known.error) == (ItemState.ANNOUNCED, code)
    assert [key async for key in site.services.storage.list("")] == []
    assert await site.services.parts.size(metadata.id) is None


async def test_empty_large_and_declared_wrong_are_refused_before_a_byte(site: Site) -> None:
    for size, filetype, kind in (
        (0, "image/jpeg", Invalid),
        (100_000_001, "image/jpeg", TooLarge),
        (10, "image/svg+xml", Invalid),
        (10, "text/html; charset=utf-8", Invalid),
    ):
        metadata = Metadata(new_id(), None, filetype)
        with pytest.raises(kind):
            await uploads.begin(site.services, site.worker, metadata, size_bytes=size, at=AT)
        assert metadata.id and await photos.by_id(site.worker.company_id, metadata.id) is None


async def test_the_bytes_of_another_are_unknown(site: Site) -> None:
    data = photo_bytes()
    metadata = await announce(site, data)
    assert metadata.id
    await begin(site, metadata, data)
    for other in (site.colleague, site.stranger, site.office):
        with pytest.raises(NotFound):
            await uploads.progress(site.services, other, metadata.id, at=AT)
        with pytest.raises(NotFound):
            await uploads.terminate(site.services, other, metadata.id)
        with pytest.raises(Conflict) as taken:
            await begin(site, metadata, data, other)
        assert taken.value.code == "item.taken"


async def test_other_size_or_hash_than_announced_is_refused(site: Site) -> None:
    data = photo_bytes()
    metadata = await announce(site, data)
    with pytest.raises(Conflict, match=r"upload\.other_size"):
        await begin(site, metadata, data + b"x")
    with pytest.raises(Conflict, match=r"upload\.other_hash"):
        await begin(site, replace(metadata, sha256="0" * 64), data)


async def test_any_tus_client_brings_an_unsorted_photo(site: Site) -> None:
    data = photo_bytes()
    started = await begin(site, Metadata(filetype="image/jpeg", filename="a.jpg"), data)
    assert (await append(site, Metadata(started.id), data)).receipt
    photo = await photos.by_id(site.worker.company_id, started.id)
    assert photo and photo.job_id is None and photo.sha256 == hashlib.sha256(data).hexdigest()


async def test_bytes_may_come_before_their_description(site: Site) -> None:
    data = photo_bytes()
    item = photo_item(data, job=str(site.job), caption="Verteiler")
    await begin(site, metadata_of(item), data)
    await append(site, metadata_of(item), data)
    assert await sync.put_item(site.worker, item, Origin(), at=AT)
    photo = await photos.by_id(site.worker.company_id, item.id)
    assert photo and (photo.job_id, photo.caption, photo.state) == (site.job, "Verteiler", PhotoState.STORED)


@pytest.mark.parametrize("named", [True, False])
async def test_what_the_office_made_of_the_bytes_stays_when_their_description_comes(
    site: Site, named: bool
) -> None:
    """Filed and released for one job, the photo does not go over to the one its phone meant, released as it is."""
    data = photo_bytes()
    item = photo_item(data, job=str(site.job) if named else None, caption="Verteiler", tags=["Keller"])
    await begin(site, metadata_of(item), data)
    await append(site, metadata_of(item), data)
    early = await photos.by_id(site.office.company_id, item.id)
    assert early
    words = Words("Zählerschrank", None, (), site.closed_job)
    filed = await describe(site.office, early, words, at=AT)
    await reviews.decide(site.office, filed, verdict=Verdict.RELEASED, note="", at=AT)
    assert await sync.put_item(site.worker, item, Origin(), at=AT)
    photo = await photos.by_id(site.office.company_id, item.id)
    assert photo and (photo.job_id, photo.job_hint, photo.review) == (site.closed_job, "", "released")
    assert (photo.caption, photo.tags, photo.late) == ("Zählerschrank", ["Keller"], False)


async def test_a_description_that_came_late_binds_the_bytes(site: Site) -> None:
    data = photo_bytes()
    upload_id = (await begin(site, Metadata(), data)).id
    await sync.put_item(site.worker, photo_item(photo_bytes(seed=9), upload_id), Origin(), at=AT)
    with pytest.raises(HashDiffers):
        await append(site, Metadata(upload_id), data)
    safe = (await begin(site, Metadata(), data)).id
    await append(site, Metadata(safe), data)
    with pytest.raises(Conflict, match=r"item\.other_bytes"):
        await sync.put_item(site.worker, photo_item(photo_bytes(seed=9), safe), Origin(), at=AT)


async def test_a_wrong_checksum_takes_back_only_that_request(site: Site) -> None:
    data = photo_bytes()
    metadata = await announce(site, data)
    await begin(site, metadata, data)
    good = Checksum("sha1", hashlib.sha1(data[:1000]).digest())
    assert (await append(site, metadata, data[:1000], checksum=good)).offset == 1000
    with pytest.raises(HashDiffers):
        await append(site, metadata, data[1000:2000], 1000, checksum=Checksum("sha256", bytes(32)))
    assert metadata.id
    assert (await uploads.progress(site.services, site.worker, metadata.id, at=AT)).offset == 1000


@pytest.mark.parametrize("ending", ["goes on", "stalls"])
async def test_no_receipt_for_bytes_whose_checksum_is_still_to_be_judged(site: Site, ending: str) -> None:
    """All bytes are here, their request has not ended: a question meanwhile must not publish what is then cut back."""
    data = photo_bytes(WRITE_BYTES)  # written before its request ends
    begun = await begin(site, Metadata(filetype="image/jpeg"), data)
    here, asked = asyncio.Event(), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield data
        here.set()
        await asked.wait()

    wrong = Checksum("sha256", bytes(32))
    writing = asyncio.create_task(
        uploads.append(site.services, site.worker, begun.id, slow(), offset=0, checksum=wrong, at=AT)
    )
    await here.wait()
    while await site.services.parts.size(begun.id) != len(data):
        await asyncio.sleep(0)
    question = asyncio.create_task(uploads.progress(site.services, site.worker, begun.id, at=AT))
    if ending == "goes on":
        await asyncio.sleep(0)
        asked.set()
    known = await question
    asked.set()
    with pytest.raises((HashDiffers, Conflict)):
        await writing
    assert (known.receipt, known.offset) == (None, 0)
    assert [key async for key in site.services.storage.list("")] == []


async def test_no_receipt_for_a_file_that_is_gone_and_the_phone_brings_it_again(site: Site) -> None:
    """A disk was lost, or a backup lacked the file: the phone still has its copy and asks before it lets go."""
    data = photo_bytes()
    receipt = await bring(site, data)
    photo = await photos.by_id(site.worker.company_id, receipt.id)
    assert photo and photo.storage_key
    await drawn(site)
    await site.services.storage.delete(photo.storage_key)
    known = await sync.have(site.services, site.worker, [receipt.id], at=AT)
    assert known[receipt.id].state is ItemState.UNKNOWN
    metadata = Metadata(receipt.id, receipt.sha256, "image/jpeg")
    begun = await begin(site, metadata, data)
    assert (begun.receipt, begun.offset) == (None, 0)
    again = (await append(site, metadata, data)).receipt
    assert again and again.sha256 == receipt.sha256
    assert await site.services.storage.head(photo.storage_key)
    known = await sync.have(site.services, site.worker, [receipt.id], at=AT)
    assert known[receipt.id].state is ItemState.STORED
    assert await drawn(site) == [{"photo": str(receipt.id)}]
    verbs = [line.entry.verb for line in (await logbook_table.of_subject(photo.company_id, photo.id)).items]
    assert verbs[:2] == ["photo.stored", "photo.lost"]


async def drawn(site: Site) -> list[dict[str, object]]:
    """Take and end what is to be drawn."""
    claimed = await tasks.claim("fence", at=AT, lease_s=60, limit=10)
    for task in claimed:
        await tasks.settle(task, TaskState.DONE, at=AT)
    return [dict(task.payload) for task in claimed if task.kind == "photo.render"]


async def test_a_vanished_client_keeps_its_bytes(site: Site) -> None:
    data = photo_bytes()
    metadata = await announce(site, data)
    await begin(site, metadata, data)
    assert metadata.id

    async def vanishing() -> AsyncIterator[bytes]:
        yield data[:700]
        raise ConnectionError("gone")

    with pytest.raises(ConnectionError):
        await uploads.append(
            site.services, site.worker, metadata.id, vanishing(), offset=0, checksum=None, at=AT
        )
    assert (await uploads.progress(site.services, site.worker, metadata.id, at=AT)).offset == 700
    assert (await append(site, metadata, data[700:], 700)).receipt


async def test_a_crash_before_the_finish_is_finished_by_the_next_question(site: Site) -> None:
    data = photo_bytes()
    metadata = await announce(site, data)
    await begin(site, metadata, data)
    assert metadata.id
    await site.services.parts.append(metadata.id, 0, pieces(data), len(data))
    known = await sync.standing(site.restarted().services, site.worker, metadata.id, at=AT)
    assert (known.state, known.offset) == (ItemState.STORED, len(data))


async def test_a_crash_between_publishing_and_commit_loses_and_doubles_nothing(site: Site) -> None:
    data = photo_bytes()
    metadata = await announce(site, data)
    await begin(site, metadata, data)
    assert metadata.id
    photo = await photos.by_id(site.worker.company_id, metadata.id)
    assert photo and metadata.sha256
    await site.services.parts.append(metadata.id, 0, pieces(data), len(data))
    key = f"{photo.company_id}/2026/11/{photo.id}.jpg"
    path = site.services.parts.path(photo.id)
    await site.services.storage.adopt(path, key, sha256=metadata.sha256, size_bytes=len(data))
    after = site.restarted()
    receipt = (await uploads.progress(after.services, site.worker, photo.id, at=AT)).receipt
    assert receipt and receipt.sha256 == metadata.sha256
    assert [each async for each in site.services.storage.list("")] == [key]


async def test_a_part_that_was_lost_begins_anew(site: Site) -> None:
    data = photo_bytes()
    metadata = await announce(site, data)
    await begin(site, metadata, data)
    await append(site, metadata, data[:500])
    assert metadata.id
    site.services.parts.path(metadata.id).unlink()
    after = site.restarted()
    assert (await uploads.progress(after.services, site.worker, metadata.id, at=AT)).offset == 0
    assert (await append(after, metadata, data)).receipt


async def test_a_storage_that_fails_gives_no_receipt(site: Site) -> None:
    data = photo_bytes()
    metadata = await announce(site, data)
    await begin(site, metadata, data)
    folder = site.services.settings.data / "photos"
    folder.mkdir(exist_ok=True)
    (folder / str(site.worker.company_id)).write_text("in the way")
    with pytest.raises(StorageError):
        await append(site, metadata, data)
    (folder / str(site.worker.company_id)).unlink()
    assert metadata.id
    assert (await uploads.progress(site.services, site.worker, metadata.id, at=AT)).receipt


async def test_giving_up_forgets_what_nobody_described(site: Site) -> None:
    data = photo_bytes()
    bare = await begin(site, Metadata(), data)
    described = await announce(site, data)
    await begin(site, described, data)
    assert described.id
    for upload_id in (bare.id, described.id):
        await uploads.terminate(site.services, site.worker, upload_id)
    assert await photos.by_id(site.worker.company_id, bare.id) is None
    assert await photos.by_id(site.worker.company_id, described.id)
    with pytest.raises(Gone):
        await uploads.progress(site.services, site.worker, described.id, at=AT)
    with pytest.raises(NotFound):
        await uploads.progress(site.services, site.worker, bare.id, at=AT)
    assert (await begin(site, described, data)).offset == 0


async def test_what_is_safe_cannot_be_given_up(site: Site) -> None:
    receipt = await bring(site, photo_bytes())
    with pytest.raises(Conflict):
        await uploads.terminate(site.services, site.worker, receipt.id)


async def test_old_uploads_and_strange_parts_expire(site: Site) -> None:
    data = photo_bytes()
    metadata = await announce(site, data)
    await begin(site, metadata, data)
    assert metadata.id
    stray = new_id()
    await site.services.parts.create(stray)
    later = replace(site.services, clock=lambda: AT + timedelta(days=3650))
    await uploads.expire(later)
    assert await site.services.parts.size(stray) is None
    with pytest.raises(Gone):
        await uploads.progress(site.services, site.worker, metadata.id, at=AT)
    known = await sync.standing(site.services, site.worker, metadata.id, at=AT)
    assert (known.state, known.error) == (ItemState.ANNOUNCED, "photo.upload_expired")


async def test_a_tombstone_takes_no_bytes(site: Site) -> None:
    metadata = await announce(site, photo_bytes())
    assert metadata.id
    await entomb(site, metadata)
    with pytest.raises(Gone):
        await begin(site, metadata, photo_bytes())
    known = await sync.standing(site.services, site.worker, metadata.id, at=AT)
    assert known.state is ItemState.TOMBSTONE


@atomic
async def entomb(site: Site, metadata: Metadata) -> None:
    assert metadata.id
    await items.set_tombstone(site.worker.company_id, metadata.id, at=AT)


async def test_two_writers_race_and_the_file_is_right(site: Site) -> None:
    for race in range(100 if site.services.database.kind == "sqlite" else 30):
        data = photo_bytes(4000, seed=race)
        metadata = await announce(site, data)
        await begin(site, metadata, data)

        async def write(metadata: Metadata = metadata, data: bytes = data) -> object:
            async def slow() -> AsyncIterator[bytes]:
                for start in range(0, len(data), 500):
                    yield data[start : start + 500]
                    await asyncio.sleep(0)

            assert metadata.id
            try:
                return await uploads.append(
                    site.services, site.worker, metadata.id, slow(), offset=0, checksum=None, at=AT
                )
            except DomainError as lost:
                return lost.code

        outcomes = await asyncio.gather(write(), write())
        safe = [each for each in outcomes if isinstance(each, uploads.Progress) and each.receipt]
        while not safe:
            assert metadata.id
            at = await uploads.progress(site.services, site.worker, metadata.id, at=AT)
            done = at if at.receipt else await append(site, metadata, data[at.offset :], at.offset)
            safe = [done] if done.receipt else []
        assert safe[0].receipt and safe[0].receipt.sha256 == metadata.sha256, outcomes


async def test_what_was_removed_on_its_phone_is_awaited_no_more(site: Site) -> None:
    """The description was here, the bytes never came: the board says so until the phone says it was removed."""
    device, company_id = new_id(), site.worker.company_id
    announced = [photo_item(photo_bytes(seed=seed)) for seed in range(2)]
    for item in announced:
        await sync.put_item(site.worker, item, Origin(device), at=AT)
    gone = announced[0].id
    with pytest.raises(NotFound):
        await uploads.withdraw(site.services, site.colleague, gone, at=AT)
    for _ in range(2):
        await uploads.withdraw(site.services, site.worker, gone, at=AT)
    assert [one.id for one in (await boards.missing(company_id))[device]] == [announced[1].id]
    safe = await brought(site, photo_bytes(seed=3))
    await uploads.withdraw(site.services, site.worker, safe, at=AT)
    photo = await photos.by_id(company_id, safe)
    assert photo and photo.state is PhotoState.STORED
