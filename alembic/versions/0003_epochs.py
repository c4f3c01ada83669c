"""The epochs: every time that a scheduler took a database, so that none commits after the next."""

from alembic import op
from stillwater.store.migrate import carry_out

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE epochs (
      id INTEGER NOT NULL,
      begun_at TEXT NOT NULL,
      pid INTEGER NOT NULL,
      host TEXT NOT NULL,
      boot_id TEXT NOT NULL,
      version TEXT NOT NULL,
      last_transition INTEGER NOT NULL,
      CONSTRAINT pk_epochs PRIMARY KEY (id),
      CONSTRAINT ck_epochs_begun_at CHECK (begun_at GLOB '????-??-??T??:??:??.??????Z')
    ) STRICT
    """,
    """
    CREATE TRIGGER epochs_no_update BEFORE UPDATE ON epochs
    BEGIN SELECT RAISE(ABORT, 'epochs are evidence: append only');
    END
    """,
    """
    CREATE TRIGGER epochs_no_delete BEFORE DELETE ON epochs
    BEGIN SELECT RAISE(ABORT, 'epochs are evidence: append only');
    END
    """,
    """
    CREATE TRIGGER epochs_no_replace BEFORE INSERT ON epochs
    WHEN EXISTS (SELECT 1 FROM epochs WHERE id >= NEW.id AND NEW.id > 0)
    BEGIN SELECT RAISE(ABORT, 'epochs are evidence: append only');
    END
    """,
)


def upgrade() -> None:
    carry_out(op.get_bind(), __file__, STATEMENTS)


def downgrade() -> None:
    raise NotImplementedError(
        "a database is never downgraded: use the backup that was made before its upgrade"
    )
