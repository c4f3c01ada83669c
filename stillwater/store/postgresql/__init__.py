"""The store on a PostgreSQL server, instead of a file of SQLite: what differs, and nothing else.

`connect.py` opens a database there and sees to its schema, `commits.py` writes transitions,
`lease.py` holds the right to be its scheduler, `errors.py` turns the driver's failures into
sentences, `check.py` holds a schema against the one that the migrations make. Nothing here is
imported, nor the driver needed, where the database is a file.
Why: docs/decisions/012-postgresql.md.
"""
