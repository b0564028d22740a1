"""The schema's history, one numbered file per change; a released file is never edited (server/db/migrate.py)."""
