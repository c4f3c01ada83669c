"""The rungs that were tried of a run by `verify --rung`: append-only, and chained."""

from alembic import op
from stillwater.store.migrate import carry_out

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

GENESIS = "0" * 64
STATEMENTS = (
    """
    CREATE TABLE rungs (
      id INTEGER NOT NULL,
      run_id TEXT NOT NULL,
      rung INTEGER NOT NULL,
      holds INTEGER NOT NULL,
      at TEXT NOT NULL,
      version TEXT NOT NULL,
      head_id INTEGER NOT NULL,
      head_sha256 TEXT NOT NULL,
      result TEXT NOT NULL,
      prev_sha256 TEXT NOT NULL,
      sha256 TEXT NOT NULL,
      CONSTRAINT pk_rungs PRIMARY KEY (id),
      CONSTRAINT ck_rungs_id CHECK (id > 0),
      CONSTRAINT ck_rungs_rung CHECK (rung IN (641, 274177, 65537)),
      CONSTRAINT ck_rungs_holds CHECK (holds IN (0, 1)),
      CONSTRAINT ck_rungs_at CHECK (at GLOB '????-??-??T??:??:??.??????Z'),
      CONSTRAINT ck_rungs_head_sha256 CHECK (length(head_sha256) = 64),
      CONSTRAINT ck_rungs_result CHECK (json_valid(result)),
      CONSTRAINT ck_rungs_prev_sha256 CHECK (length(prev_sha256) = 64),
      CONSTRAINT ck_rungs_sha256 CHECK (length(sha256) = 64),
      CONSTRAINT fk_rungs_run_id FOREIGN KEY(run_id) REFERENCES runs (id)
    ) STRICT
    """,
    """
    CREATE TRIGGER rungs_no_update BEFORE UPDATE ON rungs
    BEGIN SELECT RAISE(ABORT, 'rungs are evidence: append only');
    END
    """,
    """
    CREATE TRIGGER rungs_no_delete BEFORE DELETE ON rungs
    BEGIN SELECT RAISE(ABORT, 'rungs are evidence: append only');
    END
    """,
    """
    CREATE TRIGGER rungs_no_replace BEFORE INSERT ON rungs
    WHEN EXISTS (SELECT 1 FROM rungs WHERE id >= NEW.id AND NEW.id > 0)
    BEGIN SELECT RAISE(ABORT, 'rungs are evidence: append only');
    END
    """,
    f"""
    CREATE TRIGGER rungs_follow BEFORE INSERT ON rungs
    WHEN NEW.prev_sha256 IS NOT
      coalesce((SELECT sha256 FROM rungs ORDER BY id DESC LIMIT 1), '{GENESIS}')
    BEGIN SELECT RAISE(ABORT, 'a rung names the digest of the one before it');
    END
    """,
    f"""
    CREATE TRIGGER rungs_head BEFORE INSERT ON rungs
    WHEN (NEW.head_id, NEW.head_sha256) IS NOT (SELECT coalesce(max(id), 0),
      coalesce((SELECT sha256 FROM transitions ORDER BY id DESC LIMIT 1), '{GENESIS}')
      FROM transitions)
    BEGIN SELECT RAISE(ABORT, 'a rung is written at the head of the transitions');
    END
    """,
)


def upgrade() -> None:
    carry_out(op.get_bind(), __file__, STATEMENTS)


def downgrade() -> None:
    raise NotImplementedError(
        "a database is never downgraded: use the backup that was made before its upgrade"
    )
