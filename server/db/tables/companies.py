from tortoise import Model, fields

from server.db.tables.columns import key


class CompanyRow(Model):
    id = key()
    name = fields.CharField(200)
    street = fields.CharField(200, default="")
    postcode = fields.CharField(20, default="")
    city = fields.CharField(100, default="")
    phone = fields.CharField(50, default="")
    email = fields.CharField(254, default="")
    imprint_url = fields.CharField(500, default="")
    privacy_url = fields.CharField(500, default="")
    opening_hours = fields.TextField(default="")
    logo_sha256 = fields.CharField(64, default="")
    timezone = fields.CharField(64, default="Europe/Berlin")
    position_enabled = fields.BooleanField(default=False)
    workers_release = fields.BooleanField(default=False)
    created_at = fields.DatetimeField()

    class Meta:
        table = "company"
