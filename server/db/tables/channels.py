from uuid import UUID

from tortoise import Model, fields

from server.db.tables.columns import company, key, link, owner, word


class ChannelAccountRow(Model):
    """A company's own number or page at a platform. `secrets` is encrypted; `settings` is not secret."""

    id = key()
    company_id: UUID
    company = company()
    kind = word()
    label = fields.CharField(100)
    settings = fields.JSONField[dict[str, str]](default=dict)
    secrets = fields.BinaryField()
    health = word("ok")
    health_detail = fields.CharField(300, default="")
    created_at = fields.DatetimeField()
    last_in_at = fields.DatetimeField(null=True)
    last_out_at = fields.DatetimeField(null=True)
    disabled_at = fields.DatetimeField(null=True)
    refused = fields.IntField(default=0)
    refused_at = fields.DatetimeField(null=True)
    cursor = fields.CharField(300, default="")
    pulled_at = fields.DatetimeField(null=True)
    pull_error = fields.CharField(300, default="")
    checked_at = fields.DatetimeField(null=True)
    findings = fields.JSONField[list[dict[str, object]]](default=list)
    templates_at = fields.DatetimeField(null=True)
    templates_error = fields.CharField(300, default="")

    class Meta:
        table = "channel_account"
        indexes = (("company_id", "kind"),)


class IdentityRow(Model):
    """Who a contact is on a platform: a phone number, a business-scoped id … Typed, never rewritten."""

    id = key()
    company_id: UUID
    company = company()
    contact_id: UUID
    contact = owner("ContactRow")
    channel = word()
    kind = word()
    value = fields.CharField(200)
    profile_name = fields.CharField(200, default="")
    created_at = fields.DatetimeField()
    gone_at = fields.DatetimeField(null=True)

    class Meta:
        table = "identity"
        unique_together = (("company_id", "channel", "kind", "value"),)
        indexes = (("company_id", "contact_id"),)


class ChannelFactRow(Model):
    """What a channel was told first about a person (a public key, a used nonce); it never changes."""

    id = key()
    company_id: UUID
    company = company()
    account_id: UUID
    account = owner("ChannelAccountRow")
    name = fields.CharField(200)
    about = fields.CharField(200)
    value = fields.CharField(300)
    created_at = fields.DatetimeField()

    class Meta:
        table = "channel_fact"
        unique_together = (("company_id", "account_id", "name"),)


class ChannelInviteRow(Model):
    """A one-time word in a link that opens a chat: who comes with it is this contact."""

    id = key()
    company_id: UUID
    company = company()
    contact_id: UUID
    contact = owner("ContactRow")
    channel = word()
    token_hash = fields.CharField(64, unique=True)
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    used_at = fields.DatetimeField(null=True)

    class Meta:
        table = "channel_invite"
        indexes = (("company_id", "contact_id"),)


class ChannelTemplateRow(Model):
    """A text the platform has approved or not, as it told us last; never changed by ourselves.

    `gone_at`: the platform no longer lists it.
    """

    id = key()
    company_id: UUID
    company = company()
    account_id: UUID
    account = owner("ChannelAccountRow")
    name = fields.CharField(512)
    language = fields.CharField(20)
    category = word("")
    state = word("")
    approved = fields.BooleanField(default=False)
    quality = word("")
    body = fields.TextField(default="")
    variables = fields.IntField(default=0)
    header_image = fields.BooleanField(default=False)
    buttons = fields.JSONField[list[str]](default=list)
    needs = fields.JSONField[list[str]](default=list)
    reason = fields.CharField(300, default="")
    synced_at = fields.DatetimeField()
    gone_at = fields.DatetimeField(null=True)

    class Meta:
        table = "channel_template"
        unique_together = (("company_id", "account_id", "name", "language"),)


class ChannelPriceRow(Model):
    """What one billable message costs in a channel and category, as the firm entered it, from a month on."""

    id = key()
    company_id: UUID
    company = company()
    channel = word()
    category = word("")
    month = fields.CharField(7)
    micros = fields.IntField()

    class Meta:
        table = "channel_price"
        unique_together = (("company_id", "channel", "category", "month"),)


class PaceRow(Model):
    """How far ahead an account has used its pace, as a whole (`about` "") or towards one person (his id).

    In seconds since 1970, so that both databases count with it in one statement.
    """

    id = key()
    company_id: UUID
    company = company()
    account_id: UUID
    account = owner("ChannelAccountRow")
    about = fields.CharField(40, default="")
    ahead_until = fields.FloatField()

    class Meta:
        table = "pace"
        unique_together = (("company_id", "account_id", "about"),)
        indexes = (("ahead_until",),)


class RawEventRow(Model):
    """A webhook body as it came, stored before it was answered."""

    id = key()
    company_id: UUID
    company = company()
    account_id: UUID
    account = owner("ChannelAccountRow")
    body = fields.BinaryField()
    received_at = fields.DatetimeField()
    state = word("new")
    error = fields.TextField(default="")

    class Meta:
        table = "raw_event"
        indexes = (("company_id", "state", "id"), ("received_at",))


class InboxEventRow(Model):
    """The key of one event inside a webhook: the unique index makes every event happen once."""

    id = key()
    company_id: UUID
    company = company()
    account_id: UUID
    account = owner("ChannelAccountRow")
    event_key = fields.CharField(300)
    raw_event_id: UUID
    raw_event = owner("RawEventRow")
    state = word()
    payload = fields.JSONField[dict[str, object]](null=True)
    received_at = fields.DatetimeField()

    class Meta:
        table = "inbox_event"
        unique_together = (("company_id", "account_id", "event_key"),)
        indexes = (("company_id", "account_id", "state"),)


class AnswerLinkRow(Model):
    id = key()
    company_id: UUID
    company = company()
    question_id: UUID
    question = owner("QuestionRow")
    contact_id: UUID | None
    contact = link("ContactRow")
    token_hash = fields.CharField(64, unique=True)
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    revoked_at = fields.DatetimeField(null=True)
    answered_at = fields.DatetimeField(null=True)

    class Meta:
        table = "answer_link"
        indexes = (("company_id", "question_id"),)
