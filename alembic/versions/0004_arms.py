"""success_at_k by what each arm of a run was allowed, not by what the run was."""

from alembic import op
from stillwater.store.migrate import carry_out

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

STATEMENTS = (
    "DROP VIEW success_at_k",
    """
    CREATE VIEW success_at_k AS
    WITH RECURSIVE
    ended AS (
      SELECT m.run_id, m.arm, m.id, m.attempt,
        (SELECT t.attempt FROM transitions AS t
          WHERE t.machine_id = m.id AND t.event = 'passed') AS passed_at
      FROM machines AS m
    ),
    arms AS (
      SELECT e.run_id, e.arm,
        coalesce(
          (SELECT a.value ->> '$.attempts' FROM json_each(r.config, '$.arms') AS a
            WHERE a.key = e.arm),
          r.config ->> '$.attempts', max(e.attempt)) AS attempts,
        count(*) AS total
      FROM ended AS e JOIN runs AS r ON r.id = e.run_id
      GROUP BY e.run_id, e.arm
    ),
    steps AS (
      SELECT run_id, arm, 1 AS k, attempts, total FROM arms
      UNION ALL
      SELECT run_id, arm, k + 1, attempts, total FROM steps WHERE k < attempts
    )
    SELECT s.run_id, s.arm, s.k,
      (SELECT count(*) FROM ended AS e
        WHERE e.run_id = s.run_id AND e.arm = s.arm AND e.passed_at <= s.k) AS verified,
      s.total
    FROM steps AS s
    """,
)


def upgrade() -> None:
    carry_out(op.get_bind(), __file__, STATEMENTS)


def downgrade() -> None:
    raise NotImplementedError(
        "a database is never downgraded: use the backup that was made before its upgrade"
    )
