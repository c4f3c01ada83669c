"""Whether a server's schema is as the migrations make it, triggers enabled and all.

To compare with, they make it once more, in a schema and a transaction that nobody ever sees: so
this takes a role that may create a schema.
"""

from stillwater.store.errors import sentences
from stillwater.store.migrate import revisions, scripts
from stillwater.store.postgresql.connect import Raw, connect, driver
from stillwater.where import Server

SCRATCH = "stillwater_check"
DEFINITIONS = """
SELECT 'trigger', t.tgname, pg_get_triggerdef(t.oid, true)
  || CASE t.tgenabled WHEN 'O' THEN '' WHEN 'A' THEN '' ELSE ' DISABLED' END
FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid
WHERE NOT t.tgisinternal AND c.relnamespace = to_regnamespace(%(schema)s)
UNION ALL
SELECT 'function', p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')',
  concat_ws(' ', p.provolatile, p.prosecdef, p.proconfig IS NULL, p.prosrc,
    pg_get_function_sqlbody(p.oid))
FROM pg_proc AS p WHERE p.pronamespace = to_regnamespace(%(schema)s)
UNION ALL
SELECT 'view', c.relname, pg_get_viewdef(c.oid)
FROM pg_class AS c WHERE c.relkind = 'v' AND c.relnamespace = to_regnamespace(%(schema)s)
UNION ALL
SELECT 'constraint', o.conname, pg_get_constraintdef(o.oid, true)
FROM pg_constraint AS o JOIN pg_class AS c ON c.oid = o.conrelid
WHERE c.relnamespace = to_regnamespace(%(schema)s) AND c.relname <> 'alembic_version'
UNION ALL
SELECT 'table', c.relname, concat_ws(' ', c.relkind, c.relrowsecurity, string_agg(
  concat_ws(' ', a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, l.collname),
  ', ' ORDER BY a.attnum))
FROM pg_class AS c
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_collation AS l ON l.oid = a.attcollation
WHERE c.relkind IN ('r', 'p') AND c.relname <> 'alembic_version'
  AND c.relnamespace = to_regnamespace(%(schema)s)
GROUP BY c.oid, c.relname, c.relkind, c.relrowsecurity
"""

Definitions = dict[tuple[str, str], str]


def check(server: Server) -> list[str]:
    """What of the schema isn't as it should be; nothing if all is.

    Raises:
        InputError: there is no such database, or it is not of this version of Stillwater.
        StoreError: the role may not make a schema to compare with.
    """
    connect(server, read_only=True).close()
    connection = connect(server)
    try:
        with sentences(server):
            found, made = _both(driver(connection))
    finally:
        connection.close()
    problems = []
    for kind, name in sorted({*found, *made}):
        if (kind, name) not in found:
            problems.append(f"schema: the {kind} {name} is missing")
        elif (kind, name) not in made:
            problems.append(f"schema: the {kind} {name} is not Stillwater's")
        elif found[kind, name] != made[kind, name]:
            off = "disabled" if found[kind, name].endswith(" DISABLED") else "not as it is made"
            problems.append(f"schema: the {kind} {name} is {off}")
    return problems


def _both(connection: Raw) -> tuple[Definitions, Definitions]:
    (schema,) = connection.execute("SELECT quote_ident(current_schema())").fetchone() or ("",)
    folder = scripts()
    connection.execute("BEGIN")
    try:
        found = _definitions(connection, str(schema))
        connection.execute(f"CREATE SCHEMA {SCRATCH}")
        _look_in(connection, SCRATCH)
        for revision in revisions(folder):
            (script,) = (folder / "postgresql").glob(f"{revision}_*.sql")
            connection.execute(script.read_bytes())
        return found, _definitions(connection, SCRATCH)
    finally:
        connection.execute("ROLLBACK")


def _definitions(connection: Raw, schema: str) -> Definitions:
    # Names are told without their schema where they are found along the path.
    _look_in(connection, schema)
    rows = connection.execute(DEFINITIONS, {"schema": schema}).fetchall()
    return {(str(kind), str(name)): str(said) for kind, name, said in rows}


def _look_in(connection: Raw, schema: str) -> None:
    path = f"{schema}, pg_temp"
    connection.execute("SELECT set_config('search_path', %s, true)", (path,))
