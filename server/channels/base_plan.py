"""What plans of every messenger refuse alike."""

from collections.abc import Collection, Sequence

from server.domain.channels import Blocked, Picture


def unfit(pictures: Sequence[Picture], mimes: Collection[str], limit_bytes: int) -> Blocked | None:
    """Return why a picture cannot leave in this messenger: of another kind, or too large; None when all can."""
    for picture in pictures:
        if picture.mime not in mimes:
            return Blocked("picture.kind", {"name": picture.name})
        if picture.size_bytes > limit_bytes:
            limit_mb = str(limit_bytes // 1_000_000)
            return Blocked("picture.too_large", {"name": picture.name, "limit_mb": limit_mb})
    return None
