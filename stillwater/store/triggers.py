"""Triggers: what the database refuses whoever asks, from Stillwater or from a shell.

`INSERT OR REPLACE` deletes without firing DELETE triggers unless the connection has
`recursive_triggers = ON`, which a foreign one has not; so INSERT is guarded too. PostgreSQL has the
same ones, in alembic/postgresql.
"""

from stillwater.store.schema import GENESIS


def _never(table: str, action: str) -> str:
    return (
        f"CREATE TRIGGER {table}_no_{action.lower()} BEFORE {action} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{table} are evidence: append only'); END"
    )


def _not_again(table: str, same: str) -> str:
    return (
        f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} "
        f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {same}) "
        f"BEGIN SELECT RAISE(ABORT, '{table} are evidence: append only'); END"
    )


TRIGGERS = (
    _never("transitions", "UPDATE"),
    _never("transitions", "DELETE"),
    _not_again(
        "transitions",
        "(id >= NEW.id AND NEW.id > 0) OR (machine_id = NEW.machine_id AND seq >= NEW.seq)",
    ),
    "CREATE TRIGGER transitions_follow BEFORE INSERT ON transitions "
    "WHEN NEW.prev_sha256 IS NOT coalesce("
    "(SELECT sha256 FROM transitions ORDER BY id DESC LIMIT 1), "
    f"'{GENESIS}') "
    "BEGIN SELECT RAISE(ABORT, 'a transition names the digest of the one before it'); END",
    "CREATE TRIGGER transitions_source BEFORE INSERT ON transitions "
    "WHEN NEW.source IS NOT (SELECT state FROM machines WHERE id = NEW.machine_id) "
    "BEGIN SELECT RAISE(ABORT, 'a transition starts from the state of its machine'); END",
    _never("artifacts", "UPDATE"),
    _never("artifacts", "DELETE"),
    _not_again("artifacts", "sha256 = NEW.sha256"),
    _never("instances", "UPDATE"),
    _never("instances", "DELETE"),
    _not_again(
        "instances",
        "id = NEW.id OR (dataset_sha256 = NEW.dataset_sha256 AND instance_id = NEW.instance_id)",
    ),
    "CREATE TRIGGER runs_finish_once BEFORE UPDATE ON runs "
    "WHEN OLD.finished_at IS NOT NULL OR NEW.finished_at IS NULL "
    "OR (NEW.id, NEW.created_at, NEW.dataset, NEW.dataset_sha256, NEW.config, NEW.version) "
    "IS NOT (OLD.id, OLD.created_at, OLD.dataset, OLD.dataset_sha256, OLD.config, OLD.version) "
    "BEGIN SELECT RAISE(ABORT, 'runs are evidence: only finished_at is set, once'); END",
    _never("runs", "DELETE"),
    _not_again("runs", "id = NEW.id"),
    "CREATE TRIGGER machines_follow BEFORE UPDATE ON machines "
    "WHEN NEW.state IS NOT OLD.state AND NEW.state IS NOT "
    "(SELECT target FROM transitions WHERE machine_id = OLD.id ORDER BY seq DESC LIMIT 1) "
    "BEGIN SELECT RAISE(ABORT, 'the state of a machine is the target of its last transition'); END",
    "CREATE TRIGGER machines_keep BEFORE UPDATE ON machines "
    "WHEN (NEW.id, NEW.run_id, NEW.instance_id, NEW.arm, NEW.created_at) "
    "IS NOT (OLD.id, OLD.run_id, OLD.instance_id, OLD.arm, OLD.created_at) "
    "BEGIN SELECT RAISE(ABORT, 'machines keep their run, instance and arm'); END",
    _never("epochs", "UPDATE"),
    _never("epochs", "DELETE"),
    _not_again("epochs", "id >= NEW.id AND NEW.id > 0"),
    _never("rungs", "UPDATE"),
    _never("rungs", "DELETE"),
    _not_again("rungs", "id >= NEW.id AND NEW.id > 0"),
    "CREATE TRIGGER rungs_follow BEFORE INSERT ON rungs "
    "WHEN NEW.prev_sha256 IS NOT coalesce("
    "(SELECT sha256 FROM rungs ORDER BY id DESC LIMIT 1), "
    f"'{GENESIS}') "
    "BEGIN SELECT RAISE(ABORT, 'a rung names the digest of the one before it'); END",
    "CREATE TRIGGER rungs_head BEFORE INSERT ON rungs "
    "WHEN (NEW.head_id, NEW.head_sha256) IS NOT (SELECT coalesce(max(id), 0), coalesce("
    "(SELECT sha256 FROM transitions ORDER BY id DESC LIMIT 1), "
    f"'{GENESIS}') FROM transitions) "
    "BEGIN SELECT RAISE(ABORT, 'a rung is written at the head of the transitions'); END",
    _never("machines", "DELETE"),
    _not_again(
        "machines",
        "id = NEW.id OR (run_id = NEW.run_id AND instance_id = NEW.instance_id AND arm = NEW.arm)",
    ),
)
