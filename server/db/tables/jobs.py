from uuid import UUID

from tortoise import Model, fields

from server.db.tables.columns import company, key, link, owner, word


class JobRow(Model):
    id = key()
    company_id: UUID
    company = company()
    number = fields.CharField(40)
    title = fields.CharField(200)
    customer_id: UUID | None
    customer = link("CustomerRow")
    contact_id: UUID | None
    contact = link("ContactRow")
    street = fields.CharField(200, default="")
    postcode = fields.CharField(20, default="")
    city = fields.CharField(100, default="")
    state = word()
    search_text = fields.TextField(default="")
    created_by_id: UUID | None
    created_by = link("UserRow")
    created_at = fields.DatetimeField()
    changed_at = fields.DatetimeField()
    archived_at = fields.DatetimeField(null=True)
    merged_into_id: UUID | None
    merged_into = link("JobRow")
    sticker = fields.CharField(40, null=True, unique=True)
    rev = fields.IntField(default=1)

    class Meta:
        table = "job"
        unique_together = (("company_id", "number"),)
        indexes = (("company_id", "state", "id"),)


class JobMemberRow(Model):
    id = key()
    company_id: UUID
    company = company()
    job_id: UUID
    job = owner("JobRow")
    user_id: UUID
    user = owner("UserRow")

    class Meta:
        table = "job_member"
        unique_together = (("company_id", "job_id", "user_id"),)
        indexes = (("company_id", "user_id"),)


class NoteRow(Model):
    """A note from site or desk; append-only in use, an edit is a new note that `replaces` the old one.

    Only `current` ones are shown; `disputed` ones were edited on two sides at once, and both stand.
    """

    id = key()
    company_id: UUID
    company = company()
    job_id: UUID | None
    job = link("JobRow")
    job_hint = fields.CharField(300, default="")
    author_id: UUID | None
    author = link("UserRow")
    kind = word("note")
    text = fields.TextField()
    search_text = fields.TextField(default="")
    captured_at = fields.DatetimeField()
    received_at = fields.DatetimeField()
    late = fields.BooleanField(default=False)
    replaces_id: UUID | None
    replaces = link("NoteRow")
    current = fields.BooleanField(default=True)
    disputed = fields.BooleanField(default=False)
    rev = fields.IntField(default=1)

    class Meta:
        table = "note"
        indexes = (("company_id", "job_id", "id"),)


class CallRow(Model):
    """What is known of a call besides its words: with whom, what came of it, when to call again.

    `id` is that of the note it was born with; `note_id` follows when the note's words are corrected. A person without
    an account of ours may be meant by the words alone: then `contact` is empty.
    """

    id = key()
    company_id: UUID
    company = company()
    note_id: UUID
    note = owner("NoteRow")
    contact_id: UUID | None
    contact = link("ContactRow")
    question_id: UUID | None
    question = link("QuestionRow")
    user_id: UUID | None
    user = link("UserRow")
    direction = word("out")
    outcome = word()
    answer_choice = fields.CharField(32, default="")
    again_on = fields.DateField(null=True)
    settled_at = fields.DatetimeField(null=True)
    settled_by_id: UUID | None
    settled_by = link("UserRow")
    reminded_on = fields.DateField(null=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "call_note"
        indexes = (("company_id", "note_id"), ("company_id", "settled_at", "again_on"))
