"""The only package that knows tortoise; a SQLite library of our choice stands in for Python's own."""

import sys

import pysqlite3
import pysqlite3.dbapi2

# Python's own module brings the system's SQLite, which may have the WAL-reset bug (server/db/sqlite.py). This must
# stand before the first import of aiosqlite and tortoise, and this package is the only one that imports them.
sys.modules["sqlite3"] = pysqlite3
sys.modules["sqlite3.dbapi2"] = pysqlite3.dbapi2
