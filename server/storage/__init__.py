"""Where original photos and their renditions lie: a folder of this machine, or a bucket."""

from pathlib import Path

from server.storage.base import Storage


def open_storage(place: str | Path) -> Storage:
    """Return the storage at a folder path or an `s3://` address."""
    if str(place).startswith("s3://"):
        from server.storage.s3 import S3

        return S3(str(place))
    from server.storage.disk import Disk

    return Disk(Path(place))
