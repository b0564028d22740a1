from uuid import UUID

from tortoise import Model, fields

from server.db.tables.columns import company, key, link, owner, word


class CustomerRow(Model):
    id = key()
    company_id: UUID
    company = company()
    number = fields.CharField(40, default="")
    name = fields.CharField(200)
    street = fields.CharField(200, default="")
    postcode = fields.CharField(20, default="")
    city = fields.CharField(100, default="")
    note = fields.TextField(default="")
    search_text = fields.TextField(default="")
    created_at = fields.DatetimeField()
    archived_at = fields.DatetimeField(null=True)
    rev = fields.IntField(default=1)

    class Meta:
        table = "customer"
        indexes = (("company_id", "id"),)


class ContactRow(Model):
    """A person at a customer. `phone_typed` stays as it was typed, `phone` is its E.164 form or empty.

    `merged_into` is the record of the same person that counts, one step away.
    """

    id = key()
    company_id: UUID
    company = company()
    customer_id: UUID
    customer = owner("CustomerRow")
    name = fields.CharField(200)
    phone_typed = fields.CharField(60, default="")
    phone = fields.CharField(20, default="")
    email = fields.CharField(254, default="")
    preferred_channel = word("")
    created_at = fields.DatetimeField()
    archived_at = fields.DatetimeField(null=True)
    merged_into_id: UUID | None
    merged_into = link("ContactRow")
    rev = fields.IntField(default=1)

    class Meta:
        table = "contact"
        indexes = (("company_id", "customer_id"), ("company_id", "phone"))
