"""The five tables, and the triggers that keep them evidence."""

from alembic import op
from stillwater.store.migrate import carry_out

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = (
    """
    CREATE TABLE artifacts (
      sha256 TEXT NOT NULL,
      kind TEXT NOT NULL,
      media_type TEXT NOT NULL,
      size INTEGER NOT NULL,
      content BLOB NOT NULL,
      CONSTRAINT pk_artifacts PRIMARY KEY (sha256),
      CONSTRAINT ck_artifacts_sha256 CHECK (length(sha256) = 64),
      CONSTRAINT ck_artifacts_size CHECK (size >= 0)
    ) STRICT
    """,
    """
    CREATE TABLE instances (
      id INTEGER NOT NULL,
      dataset_sha256 TEXT NOT NULL,
      instance_id TEXT NOT NULL,
      content TEXT NOT NULL,
      CONSTRAINT pk_instances PRIMARY KEY (id),
      CONSTRAINT uq_instances_dataset_sha256_instance_id UNIQUE (dataset_sha256, instance_id),
      CONSTRAINT ck_instances_dataset_sha256 CHECK (length(dataset_sha256) = 64),
      CONSTRAINT ck_instances_content CHECK (json_valid(content))
    ) STRICT
    """,
    """
    CREATE TABLE runs (
      id TEXT NOT NULL,
      created_at TEXT NOT NULL,
      finished_at TEXT,
      dataset TEXT NOT NULL,
      dataset_sha256 TEXT NOT NULL,
      config TEXT NOT NULL,
      version TEXT NOT NULL,
      CONSTRAINT pk_runs PRIMARY KEY (id),
      CONSTRAINT ck_runs_created_at CHECK (created_at GLOB '????-??-??T??:??:??.??????Z'),
      CONSTRAINT ck_runs_finished_at CHECK (finished_at GLOB '????-??-??T??:??:??.??????Z'),
      CONSTRAINT ck_runs_dataset_sha256 CHECK (length(dataset_sha256) = 64),
      CONSTRAINT ck_runs_config CHECK (json_valid(config))
    ) STRICT
    """,
    """
    CREATE TABLE machines (
      id INTEGER NOT NULL,
      run_id TEXT NOT NULL,
      instance_id TEXT NOT NULL,
      arm TEXT NOT NULL,
      state TEXT NOT NULL,
      attempt INTEGER NOT NULL,
      model TEXT NOT NULL,
      not_before TEXT,
      lease_owner TEXT,
      lease_until TEXT,
      created_at TEXT NOT NULL,
      updated_at TEXT NOT NULL,
      CONSTRAINT pk_machines PRIMARY KEY (id),
      CONSTRAINT uq_machines_run_id_instance_id_arm UNIQUE (run_id, instance_id, arm),
      CONSTRAINT ck_machines_state CHECK (state IN ('READ', 'GENERATE', 'APPLY', 'TEST',
        'REFINE', 'VERIFIED', 'FAILED')),
      CONSTRAINT ck_machines_attempt CHECK (attempt >= 1),
      CONSTRAINT ck_machines_not_before CHECK (not_before GLOB '????-??-??T??:??:??.??????Z'),
      CONSTRAINT ck_machines_lease_until CHECK (lease_until GLOB '????-??-??T??:??:??.??????Z'),
      CONSTRAINT ck_machines_created_at CHECK (created_at GLOB '????-??-??T??:??:??.??????Z'),
      CONSTRAINT ck_machines_updated_at CHECK (updated_at GLOB '????-??-??T??:??:??.??????Z'),
      CONSTRAINT fk_machines_run_id FOREIGN KEY(run_id) REFERENCES runs (id)
    ) STRICT
    """,
    """
    CREATE INDEX ix_machines_active ON machines (run_id, state, not_before) WHERE state NOT IN
      ('VERIFIED', 'FAILED')
    """,
    """
    CREATE TABLE transitions (
      id INTEGER NOT NULL,
      machine_id INTEGER NOT NULL,
      seq INTEGER NOT NULL,
      source TEXT NOT NULL,
      event TEXT NOT NULL,
      target TEXT NOT NULL,
      attempt INTEGER NOT NULL,
      started_at TEXT NOT NULL,
      finished_at TEXT NOT NULL,
      evidence TEXT NOT NULL,
      prev_sha256 TEXT NOT NULL,
      sha256 TEXT NOT NULL,
      CONSTRAINT pk_transitions PRIMARY KEY (id),
      CONSTRAINT uq_transitions_machine_id_seq UNIQUE (machine_id, seq),
      CONSTRAINT ck_transitions_id CHECK (id > 0),
      CONSTRAINT ck_transitions_source CHECK (source IN ('READ', 'GENERATE', 'APPLY', 'TEST',
        'REFINE', 'VERIFIED', 'FAILED')),
      CONSTRAINT ck_transitions_event CHECK (event IN ('read', 'invalid', 'proposed',
        'unusable', 'applied', 'rejected', 'passed', 'failed', 'refuted', 'retry', 'exhausted',
        'defer', 'abort')),
      CONSTRAINT ck_transitions_target CHECK (target IN ('READ', 'GENERATE', 'APPLY', 'TEST',
        'REFINE', 'VERIFIED', 'FAILED')),
      CONSTRAINT ck_transitions_edge CHECK (source || ' ' || event || ' ' || target IN
        ('READ read GENERATE', 'READ invalid FAILED', 'READ defer READ', 'READ abort FAILED',
        'GENERATE proposed APPLY', 'GENERATE unusable REFINE', 'GENERATE defer GENERATE',
        'GENERATE abort FAILED', 'APPLY applied TEST', 'APPLY rejected REFINE',
        'APPLY defer APPLY', 'APPLY abort FAILED', 'TEST passed VERIFIED',
        'TEST failed REFINE', 'TEST refuted FAILED', 'TEST defer TEST', 'TEST abort FAILED',
        'REFINE retry GENERATE', 'REFINE exhausted FAILED', 'REFINE defer REFINE',
        'REFINE abort FAILED')),
      CONSTRAINT ck_transitions_attempt CHECK (attempt >= 1),
      CONSTRAINT ck_transitions_started_at CHECK (started_at GLOB
        '????-??-??T??:??:??.??????Z'),
      CONSTRAINT ck_transitions_finished_at CHECK (finished_at GLOB
        '????-??-??T??:??:??.??????Z'),
      CONSTRAINT ck_transitions_evidence CHECK (json_valid(evidence)),
      CONSTRAINT ck_transitions_prev_sha256 CHECK (length(prev_sha256) = 64),
      CONSTRAINT ck_transitions_sha256 CHECK (length(sha256) = 64),
      CONSTRAINT fk_transitions_machine_id FOREIGN KEY(machine_id) REFERENCES machines (id)
    ) STRICT
    """,
)

TRIGGERS = (
    """
    CREATE TRIGGER transitions_no_update BEFORE UPDATE ON transitions
    BEGIN SELECT RAISE(ABORT, 'transitions are evidence: append only');
    END
    """,
    """
    CREATE TRIGGER transitions_no_delete BEFORE DELETE ON transitions
    BEGIN SELECT RAISE(ABORT, 'transitions are evidence: append only');
    END
    """,
    """
    CREATE TRIGGER transitions_no_replace BEFORE INSERT ON transitions
    WHEN EXISTS (SELECT 1 FROM transitions WHERE (id >= NEW.id AND NEW.id > 0) OR (machine_id =
      NEW.machine_id AND seq >= NEW.seq))
    BEGIN SELECT RAISE(ABORT, 'transitions are evidence: append only');
    END
    """,
    """
    CREATE TRIGGER transitions_follow BEFORE INSERT ON transitions
    WHEN NEW.prev_sha256 IS NOT coalesce((SELECT sha256 FROM transitions ORDER BY id DESC LIMIT
      1), '0000000000000000000000000000000000000000000000000000000000000000')
    BEGIN SELECT RAISE(ABORT, 'a transition names the digest of the one before it');
    END
    """,
    """
    CREATE TRIGGER transitions_source BEFORE INSERT ON transitions
    WHEN NEW.source IS NOT (SELECT state FROM machines WHERE id = NEW.machine_id)
    BEGIN SELECT RAISE(ABORT, 'a transition starts from the state of its machine');
    END
    """,
    """
    CREATE TRIGGER artifacts_no_update BEFORE UPDATE ON artifacts
    BEGIN SELECT RAISE(ABORT, 'artifacts are evidence: append only');
    END
    """,
    """
    CREATE TRIGGER artifacts_no_delete BEFORE DELETE ON artifacts
    BEGIN SELECT RAISE(ABORT, 'artifacts are evidence: append only');
    END
    """,
    """
    CREATE TRIGGER artifacts_no_replace BEFORE INSERT ON artifacts
    WHEN EXISTS (SELECT 1 FROM artifacts WHERE sha256 = NEW.sha256)
    BEGIN SELECT RAISE(ABORT, 'artifacts are evidence: append only');
    END
    """,
    """
    CREATE TRIGGER instances_no_update BEFORE UPDATE ON instances
    BEGIN SELECT RAISE(ABORT, 'instances are evidence: append only');
    END
    """,
    """
    CREATE TRIGGER instances_no_delete BEFORE DELETE ON instances
    BEGIN SELECT RAISE(ABORT, 'instances are evidence: append only');
    END
    """,
    """
    CREATE TRIGGER instances_no_replace BEFORE INSERT ON instances
    WHEN EXISTS (SELECT 1 FROM instances WHERE id = NEW.id OR (dataset_sha256 =
      NEW.dataset_sha256 AND instance_id = NEW.instance_id))
    BEGIN SELECT RAISE(ABORT, 'instances are evidence: append only');
    END
    """,
    """
    CREATE TRIGGER runs_finish_once BEFORE UPDATE ON runs
    WHEN OLD.finished_at IS NOT NULL OR NEW.finished_at IS NULL OR (NEW.id, NEW.created_at,
      NEW.dataset, NEW.dataset_sha256, NEW.config, NEW.version) IS NOT (OLD.id, OLD.created_at,
      OLD.dataset, OLD.dataset_sha256, OLD.config, OLD.version)
    BEGIN SELECT RAISE(ABORT, 'runs are evidence: only finished_at is set, once');
    END
    """,
    """
    CREATE TRIGGER runs_no_delete BEFORE DELETE ON runs
    BEGIN SELECT RAISE(ABORT, 'runs are evidence: append only');
    END
    """,
    """
    CREATE TRIGGER runs_no_replace BEFORE INSERT ON runs
    WHEN EXISTS (SELECT 1 FROM runs WHERE id = NEW.id)
    BEGIN SELECT RAISE(ABORT, 'runs are evidence: append only');
    END
    """,
    """
    CREATE TRIGGER machines_follow BEFORE UPDATE ON machines
    WHEN NEW.state IS NOT OLD.state AND NEW.state IS NOT (SELECT target FROM transitions WHERE
      machine_id = OLD.id ORDER BY seq DESC LIMIT 1)
    BEGIN SELECT RAISE(ABORT, 'the state of a machine is the target of its last transition');
    END
    """,
    """
    CREATE TRIGGER machines_keep BEFORE UPDATE ON machines
    WHEN (NEW.id, NEW.run_id, NEW.instance_id, NEW.arm, NEW.created_at) IS NOT (OLD.id,
      OLD.run_id, OLD.instance_id, OLD.arm, OLD.created_at)
    BEGIN SELECT RAISE(ABORT, 'machines keep their run, instance and arm');
    END
    """,
    """
    CREATE TRIGGER machines_no_delete BEFORE DELETE ON machines
    BEGIN SELECT RAISE(ABORT, 'machines are evidence: append only');
    END
    """,
    """
    CREATE TRIGGER machines_no_replace BEFORE INSERT ON machines
    WHEN EXISTS (SELECT 1 FROM machines WHERE id = NEW.id OR (run_id = NEW.run_id AND
      instance_id = NEW.instance_id AND arm = NEW.arm))
    BEGIN SELECT RAISE(ABORT, 'machines are evidence: append only');
    END
    """,
)

IDENTITY = "PRAGMA application_id = 1400133484"


def upgrade() -> None:
    carry_out(op.get_bind(), __file__, (IDENTITY, *TABLES, *TRIGGERS))


def downgrade() -> None:
    raise NotImplementedError(
        "a database is never downgraded: use the backup that was made before its upgrade"
    )
