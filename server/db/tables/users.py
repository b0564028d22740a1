from uuid import UUID

from tortoise import Model, fields

from server.db.tables.columns import company, key, link, owner, word


class UserRow(Model):
    id = key()
    company_id: UUID
    company = company()
    login = fields.CharField(100, unique=True)
    name = fields.CharField(100)
    role = word()
    password_hash = fields.CharField(200, null=True)
    language = fields.CharField(8, default="de")
    created_at = fields.DatetimeField()
    disabled_at = fields.DatetimeField(null=True)

    class Meta:
        table = "user_account"


class SessionRow(Model):
    """A browser that is signed in, or a program's bearer token. Only the hash of the secret is kept.

    `device` is the phone that last spoke with it: what the office orders that phone counts for this session.
    """

    id = key()
    company_id: UUID
    company = company()
    user_id: UUID
    user = owner("UserRow")
    device_id: UUID | None
    device = link("DeviceRow")
    kind = word()
    token_hash = fields.CharField(64, unique=True)
    name = fields.CharField(200)
    cache_key = fields.CharField(32)
    created_at = fields.DatetimeField()
    seen_at = fields.DatetimeField()
    expires_at = fields.DatetimeField(null=True)
    revoked_at = fields.DatetimeField(null=True)

    class Meta:
        table = "session"
        indexes = (("company_id", "user_id"),)


class SignInLinkRow(Model):
    id = key()
    company_id: UUID
    company = company()
    user_id: UUID
    user = owner("UserRow")
    token_hash = fields.CharField(64, unique=True)
    code_hash = fields.CharField(64, null=True, unique=True)
    created_by_id: UUID | None
    created_by = link("UserRow")
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    redeemed_at = fields.DatetimeField(null=True)

    class Meta:
        table = "sign_in_link"


class LoginTryRow(Model):
    """Failed sign-ins per account and address, and visits at stickers per day, before any company is known."""

    key = fields.CharField(80, primary_key=True)
    failures = fields.IntField()
    blocked_until = fields.DatetimeField()
    updated_at = fields.DatetimeField()

    class Meta:
        table = "login_try"
