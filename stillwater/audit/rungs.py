"""The rungs that were tried: their own chain of digests, and the head that each was found at."""

from hashlib import sha256

import pysqlite3.dbapi2 as sqlite

from stillwater.audit.database import GENESIS
from stillwater.audit.model import Broken

TABLE = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'rungs'"
ROWS = """
SELECT r.id, r.prev_sha256, r.sha256,
  CAST(concat('{"at":"', r.at, '","head_id":', r.head_id, ',"head_sha256":"', r.head_sha256,
    '","holds":', r.holds, ',"prev_sha256":"', r.prev_sha256, '","result":', r.result,
    ',"run_id":', json_quote(r.run_id), ',"rung":', r.rung, ',"version":', json_quote(r.version),
    '}') AS BLOB),
  r.head_id = 0 OR EXISTS (
    SELECT 1 FROM transitions AS t WHERE t.id = r.head_id AND t.sha256 = r.head_sha256)
FROM rungs AS r ORDER BY r.id
"""


def check(connection: sqlite.Connection) -> int:
    """Walk them all; how many. Databases of earlier versions have none.

    Raises:
        Broken: the first that doesn't follow, or was altered, or whose head is in no chain.
    """
    if connection.execute(TABLE).fetchone() is None:
        return 0
    head, count = GENESIS, 0
    for number, named, stored, record, stands in connection.execute(ROWS):
        if named != head:
            raise Broken("rungs", number, "it doesn't name the digest of the one before it")
        if sha256(record).hexdigest() != stored:
            raise Broken("rungs", number, "its content hasn't the digest that it was stored with")
        if not stands:
            raise Broken("rungs", number, "the head that it was found at is not in the chain")
        head, count = stored, count + 1
    return count
