"""Backup and restore: everything the database names comes along, and nothing that is broken keeps the rest out."""

import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pysqlite3
import pytest

from server import archive
from server.actions import consents, imports, partners, signatures
from server.actions.renditions import add_preview
from server.archive import Incomplete
from server.db import photos
from server.db.connect import Database
from server.domain.consents import Proof, Purpose
from server.domain.evidence import Evidence
from server.domain.partners import ContractDraft, ContractKind, PartnerDraft
from server.domain.wordings import Topic
from server.settings import Settings, from_environment
from tests import factories
from tests.sites import AT, JPEG, Site, brought, build, photo_bytes, pieces

PNG = b"\x89PNG\r\n\x1a\n" + b"drawn" * 20
PDF = b"%PDF-1.7\n" + b"signed" * 20


@dataclass(frozen=True, slots=True)
class Firm:
    """A firm that has one file of every kind, and is no longer running."""

    settings: Settings
    keys: dict[str, str]

    def path(self, name: str) -> Path:
        return Path(self.settings.storage_url) / self.keys[name]

    def fresh(self, folder: Path) -> Settings:
        return from_environment({}, data=folder)


@pytest.fixture
def kind() -> str:
    return "sqlite"


@pytest.fixture
async def firm(database: Database, tmp_path: Path) -> AsyncIterator[Firm]:
    site = await build(database, tmp_path)
    keys = await _filled(site)
    await site.services.images.close()
    await site.services.http.aclose()
    await database.close()
    yield Firm(from_environment({}, data=tmp_path), keys)


async def _filled(site: Site) -> dict[str, str]:
    services, company_id = site.services, site.office.company_id
    photo = await photos.by_id(company_id, await brought(site, photo_bytes()))
    assert photo and photo.storage_key
    await add_preview(services, site.worker, photo.id, JPEG + b"screen")
    chat = await imports.receive(
        services, site.office, "c.txt", pieces(b"24.11.26, 10:42 - Ali: Moin"), at=AT
    )
    partner = await partners.create(site.office, PartnerDraft("Elektro Blitz"), at=AT)
    draft = ContractDraft(ContractKind.PROCESSOR, AT.date(), None, "")
    contract = await partners.add_contract(services, site.office, partner, draft, PDF, at=AT)
    signature = await _signed(site)
    key = f"{photo.storage_key.rpartition('.')[0]}.preview-{hashlib.sha256(JPEG + b'screen').hexdigest()[:8]}.jpg"
    return {
        "photo": photo.storage_key,
        "preview": key,
        "chat": chat.storage_key,
        "contract": contract.storage_key,
        "signature": signature,
    }


async def _signed(site: Site) -> str:
    customer = await factories.customer(site.office)
    person = await factories.contact(site.office, customer)
    company_id = site.office.company_id
    line_id, sha256 = await signatures.keep(site.services, company_id, PNG)
    drawn = Evidence(Proof.SIGNATURE, line_id=line_id, picture_sha256=sha256)
    await consents.grant(site.office, person, Topic("any", Purpose.REFERENCE), drawn, at=AT)
    return signatures.key(company_id, line_id)


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_contracts_signatures_and_chats_come_along(firm: Firm, tmp_path: Path) -> None:
    archive.write(firm.settings, tmp_path / "b.tar")
    back = firm.fresh(tmp_path / "back")
    Path(back.storage_url).mkdir(parents=True)  # a mounted disk of its own is there before we are
    archive.bring_back(back, tmp_path / "b.tar")
    assert files(Path(back.storage_url)) == files(Path(firm.settings.storage_url))
    assert set(files(Path(back.storage_url))) == set(firm.keys.values())


@pytest.mark.parametrize("name", ["photo", "contract", "signature"])
@pytest.mark.parametrize("harm", [Path.unlink, lambda path: path.write_bytes(JPEG)])
def test_what_is_broken_is_named_and_the_rest_comes_back(
    firm: Firm, tmp_path: Path, name: str, harm: Callable[[Path], object]
) -> None:
    """One lost or rotten file must not be the end of all backups, nor of coming back from one."""
    harm(firm.path(name))
    with pytest.raises(Incomplete, match=firm.keys[name]):
        archive.write(firm.settings, tmp_path / "b.tar")
    said = archive.bring_back(firm.fresh(tmp_path / "back"), tmp_path / "b.tar")
    assert firm.keys[name] in said
    assert files(tmp_path / "back" / "photos") == files(tmp_path / "photos")


@pytest.mark.parametrize("name", ["preview", "chat"])
def test_what_is_deleted_by_right_beside_the_backup_is_no_loss(firm: Firm, tmp_path: Path, name: str) -> None:
    """A phone's preview goes as soon as the photo is drawn: between the snapshot and its turn."""
    firm.path(name).unlink()
    archive.write(firm.settings, tmp_path / "b.tar")
    assert firm.keys[name] not in archive.bring_back(firm.fresh(tmp_path / "back"), tmp_path / "b.tar")


def test_a_backup_that_breaks_off_leaves_none_of_itself(firm: Firm, tmp_path: Path) -> None:
    firm.path("photo").unlink()
    firm.path("photo").mkdir()
    with pytest.raises(OSError):
        archive.write(firm.settings, tmp_path / "b.tar")
    assert not list(tmp_path.glob("b.tar*"))


def test_the_log_of_a_database_that_is_gone_is_not_played_into_ours(firm: Firm, tmp_path: Path) -> None:
    """Somebody deletes zollstock.db to make room for the backup, and leaves its log."""
    archive.write(firm.settings, tmp_path / "b.tar")
    back = firm.fresh(tmp_path / "back")
    back.data.mkdir()
    live = pysqlite3.connect(tmp_path / "zollstock.db")
    live.execute("UPDATE company SET name = 'Nach der Sicherung'")
    live.commit()
    shutil.copyfile(tmp_path / "zollstock.db-wal", back.data / "zollstock.db-wal")
    live.close()
    archive.bring_back(back, tmp_path / "b.tar")
    restored = pysqlite3.connect(back.data / "zollstock.db")
    assert ("Nach der Sicherung",) not in restored.execute("SELECT name FROM company").fetchall()
    restored.close()


async def test_what_a_killed_backup_left_is_cleared_by_the_next(firm: Firm, tmp_path: Path) -> None:
    """kill -9 leaves the folder with a copy of the database; one that another process may still write stays."""
    left, fresh = (Path(tempfile.mkdtemp(prefix=".backup-", dir=firm.settings.data)) for _ in range(2))
    for folder in (left, fresh):
        (folder / "zollstock.db").write_bytes(b"a copy")
    os.utime(left, (AT.timestamp(), time.time() - 25 * 3600))
    archive.write(firm.settings, tmp_path / "backup.tar")
    assert not left.exists() and (fresh / "zollstock.db").exists()
