"""The firm: its name and address on every customer page, and the switches it sets for itself."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Self
from uuid import UUID
from zoneinfo import ZoneInfo

from server.domain.errors import Invalid
from server.domain.image_types import HEAD_BYTES, ImageType, sniff
from server.domain.texts import block, line, mail_address, web_address

LOGO_BYTES_MAX = 1_000_000
# What a firm begins with, and where a page is that belongs to none.
HOME = ZoneInfo("Europe/Berlin")


@dataclass(frozen=True, slots=True)
class Profile:
    """What the firm says about itself and how it wants to work."""

    name: str
    street: str = ""
    postcode: str = ""
    city: str = ""
    phone: str = ""
    email: str = ""
    imprint_url: str = ""
    privacy_url: str = ""
    opening_hours: str = ""
    """As the firm writes them for its customers: "Mo–Fr 7–16 Uhr"; several lines."""
    position_enabled: bool = False
    """Photos may carry the place where they were taken."""
    workers_release: bool = False
    """Workers may release photos for the customer themselves."""

    def checked(self) -> Self:
        """Return the profile with clean fields. Raises Invalid naming the field."""
        return replace(
            self,
            name=line(self.name, "name", limit=200, required=True),
            street=line(self.street, "street", limit=200),
            postcode=line(self.postcode, "postcode", limit=20),
            city=line(self.city, "city", limit=100),
            phone=line(self.phone, "phone", limit=50),
            email=mail_address(self.email, "email"),
            imprint_url=web_address(self.imprint_url, "imprint_url"),
            privacy_url=web_address(self.privacy_url, "privacy_url"),
            opening_hours=block(self.opening_hours, "opening_hours", limit=500),
        )


@dataclass(frozen=True, slots=True)
class Company:
    id: UUID
    profile: Profile
    timezone: str
    created_at: datetime
    logo_sha256: str = ""
    """Names the logo that customers see, "" = none."""

    @property
    def name(self) -> str:
        return self.profile.name

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which the firm's clocks and phones tell the time."""
        return ZoneInfo(self.timezone)

    def day_of(self, at: datetime) -> date:
        """Return the calendar day of a moment where the firm is."""
        return at.astimezone(self.zone).date()


def check_logo(data: bytes) -> None:
    """Look at a logo as it came. Raises Invalid for nothing, for what is neither JPEG nor PNG, and for more than 1 MB."""
    if not data:
        raise Invalid("logo.none", field="logo")
    if sniff(data[:HEAD_BYTES]) not in (ImageType.JPEG, ImageType.PNG):
        raise Invalid("logo.type", field="logo")
    if len(data) > LOGO_BYTES_MAX:
        raise Invalid("logo.too_large", field="logo", limit_mb=LOGO_BYTES_MAX // 1_000_000)
