-- The five tables, and the triggers that keep them evidence: revision 0001 on PostgreSQL.

-- Text is JSON or it isn't, as SQLite's function of this name says.
CREATE FUNCTION json_valid(value TEXT) RETURNS BOOLEAN LANGUAGE plpgsql STABLE STRICT
SET search_path FROM CURRENT AS $$
BEGIN
  PERFORM value::json;
  RETURN true;
EXCEPTION WHEN data_exception THEN
  RETURN false;
END $$;

-- JSON that PostgreSQL can take apart: it has no text with the character 0 in it.
CREATE FUNCTION as_json(value TEXT) RETURNS JSON LANGUAGE sql STABLE
RETURN CASE WHEN strpos(value, '\u0000') = 0 THEN value
  ELSE regexp_replace(value, '(?<!\\)((?:\\\\)*)\\u0000', '\1\ufffd', 'g') END::json;

-- What is at a path within JSON, as text: fact(evidence, 'artifacts', 'log').
CREATE FUNCTION fact(value TEXT, VARIADIC path TEXT[]) RETURNS TEXT LANGUAGE sql STABLE
RETURN (as_json(value) #>> path) COLLATE "C";

-- The same as a number; NULL where there is none.
CREATE FUNCTION number(value TEXT, VARIADIC path TEXT[]) RETURNS NUMERIC LANGUAGE sql STABLE
RETURN CASE json_typeof(as_json(value) #> path)
  WHEN 'number' THEN (as_json(value) #>> path)::numeric END;

-- The seconds from one stored time to another.
CREATE FUNCTION seconds(begun TEXT, ended TEXT) RETURNS NUMERIC LANGUAGE sql STABLE
RETURN extract(epoch FROM ended::timestamptz - begun::timestamptz);

CREATE TABLE artifacts (
  sha256 TEXT COLLATE "C" NOT NULL,
  kind TEXT COLLATE "C" NOT NULL,
  media_type TEXT COLLATE "C" NOT NULL,
  size BIGINT NOT NULL,
  content BYTEA NOT NULL,
  CONSTRAINT pk_artifacts PRIMARY KEY (sha256),
  CONSTRAINT ck_artifacts_sha256 CHECK (length(sha256) = 64),
  CONSTRAINT ck_artifacts_size CHECK (size >= 0)
);

CREATE TABLE instances (
  id BIGINT NOT NULL,
  dataset_sha256 TEXT COLLATE "C" NOT NULL,
  instance_id TEXT COLLATE "C" NOT NULL,
  content TEXT COLLATE "C" NOT NULL,
  CONSTRAINT pk_instances PRIMARY KEY (id),
  CONSTRAINT uq_instances_dataset_sha256_instance_id UNIQUE (dataset_sha256, instance_id),
  CONSTRAINT ck_instances_dataset_sha256 CHECK (length(dataset_sha256) = 64),
  CONSTRAINT ck_instances_content CHECK (json_valid(content))
);

CREATE TABLE runs (
  id TEXT COLLATE "C" NOT NULL,
  created_at TEXT COLLATE "C" NOT NULL,
  finished_at TEXT COLLATE "C",
  dataset TEXT COLLATE "C" NOT NULL,
  dataset_sha256 TEXT COLLATE "C" NOT NULL,
  config TEXT COLLATE "C" NOT NULL,
  version TEXT COLLATE "C" NOT NULL,
  CONSTRAINT pk_runs PRIMARY KEY (id),
  CONSTRAINT ck_runs_created_at CHECK (created_at LIKE '____-__-__T__:__:__.______Z'),
  CONSTRAINT ck_runs_finished_at CHECK (finished_at LIKE '____-__-__T__:__:__.______Z'),
  CONSTRAINT ck_runs_dataset_sha256 CHECK (length(dataset_sha256) = 64),
  CONSTRAINT ck_runs_config CHECK (json_valid(config))
);

CREATE TABLE machines (
  id BIGINT NOT NULL,
  run_id TEXT COLLATE "C" NOT NULL,
  instance_id TEXT COLLATE "C" NOT NULL,
  arm TEXT COLLATE "C" NOT NULL,
  state TEXT COLLATE "C" NOT NULL,
  attempt BIGINT NOT NULL,
  model TEXT COLLATE "C" NOT NULL,
  not_before TEXT COLLATE "C",
  lease_owner TEXT COLLATE "C",
  lease_until TEXT COLLATE "C",
  created_at TEXT COLLATE "C" NOT NULL,
  updated_at TEXT COLLATE "C" NOT NULL,
  CONSTRAINT pk_machines PRIMARY KEY (id),
  CONSTRAINT uq_machines_run_id_instance_id_arm UNIQUE (run_id, instance_id, arm),
  CONSTRAINT ck_machines_state CHECK (state IN ('READ', 'GENERATE', 'APPLY', 'TEST',
    'REFINE', 'VERIFIED', 'FAILED')),
  CONSTRAINT ck_machines_attempt CHECK (attempt >= 1),
  CONSTRAINT ck_machines_not_before CHECK (not_before LIKE '____-__-__T__:__:__.______Z'),
  CONSTRAINT ck_machines_lease_until CHECK (lease_until LIKE '____-__-__T__:__:__.______Z'),
  CONSTRAINT ck_machines_created_at CHECK (created_at LIKE '____-__-__T__:__:__.______Z'),
  CONSTRAINT ck_machines_updated_at CHECK (updated_at LIKE '____-__-__T__:__:__.______Z'),
  CONSTRAINT fk_machines_run_id FOREIGN KEY(run_id) REFERENCES runs (id)
);

CREATE INDEX ix_machines_active ON machines (run_id, state, not_before) WHERE state NOT IN
  ('VERIFIED', 'FAILED');

CREATE TABLE transitions (
  id BIGINT NOT NULL,
  machine_id BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  source TEXT COLLATE "C" NOT NULL,
  event TEXT COLLATE "C" NOT NULL,
  target TEXT COLLATE "C" NOT NULL,
  attempt BIGINT NOT NULL,
  started_at TEXT COLLATE "C" NOT NULL,
  finished_at TEXT COLLATE "C" NOT NULL,
  evidence TEXT COLLATE "C" NOT NULL,
  prev_sha256 TEXT COLLATE "C" NOT NULL,
  sha256 TEXT COLLATE "C" NOT NULL,
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
  CONSTRAINT ck_transitions_started_at CHECK (started_at LIKE '____-__-__T__:__:__.______Z'),
  CONSTRAINT ck_transitions_finished_at CHECK (finished_at LIKE '____-__-__T__:__:__.______Z'),
  CONSTRAINT ck_transitions_evidence CHECK (json_valid(evidence)),
  CONSTRAINT ck_transitions_prev_sha256 CHECK (length(prev_sha256) = 64),
  CONSTRAINT ck_transitions_sha256 CHECK (length(sha256) = 64),
  CONSTRAINT fk_transitions_machine_id FOREIGN KEY(machine_id) REFERENCES machines (id)
);

-- What a trigger says when it refuses something whatever its rows are.
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$
BEGIN
  RAISE EXCEPTION USING MESSAGE = TG_ARGV[0], ERRCODE = 'integrity_constraint_violation';
END $$;

-- One writer at a time, whoever it is, until its transaction ends; and numbers without gaps. The
-- trigger's name comes before its table's others, for they run in the order of their names.
CREATE FUNCTION append() RETURNS trigger LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(1400133484, 2);
  IF NEW.id IS NULL THEN
    EXECUTE format('SELECT coalesce(max(id), 0) + 1 FROM %I.%I', TG_TABLE_SCHEMA, TG_TABLE_NAME)
      INTO NEW.id;
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER transitions_no_update BEFORE UPDATE ON transitions
  FOR EACH ROW EXECUTE FUNCTION refuse('transitions are evidence: append only');
CREATE TRIGGER transitions_no_delete BEFORE DELETE ON transitions
  FOR EACH ROW EXECUTE FUNCTION refuse('transitions are evidence: append only');
CREATE TRIGGER transitions_no_truncate BEFORE TRUNCATE ON transitions
  FOR EACH STATEMENT EXECUTE FUNCTION refuse('transitions are evidence: append only');

CREATE TRIGGER transitions_append BEFORE INSERT ON transitions
  FOR EACH ROW EXECUTE FUNCTION append();

CREATE FUNCTION transitions_no_replace() RETURNS trigger LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM transitions WHERE id >= NEW.id AND NEW.id > 0)
    OR EXISTS (SELECT 1 FROM transitions WHERE machine_id = NEW.machine_id AND seq >= NEW.seq) THEN
    RAISE integrity_constraint_violation USING MESSAGE = 'transitions are evidence: append only';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER transitions_no_replace BEFORE INSERT ON transitions
  FOR EACH ROW EXECUTE FUNCTION transitions_no_replace();

CREATE FUNCTION transitions_follow() RETURNS trigger LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$
BEGIN
  IF NEW.prev_sha256 IS DISTINCT FROM coalesce(
      (SELECT sha256 FROM transitions ORDER BY id DESC LIMIT 1), repeat('0', 64)) THEN
    RAISE integrity_constraint_violation
      USING MESSAGE = 'a transition names the digest of the one before it';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER transitions_follow BEFORE INSERT ON transitions
  FOR EACH ROW EXECUTE FUNCTION transitions_follow();

CREATE FUNCTION transitions_source() RETURNS trigger LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$
BEGIN
  IF NEW.source IS DISTINCT FROM (SELECT state FROM machines WHERE id = NEW.machine_id) THEN
    RAISE integrity_constraint_violation
      USING MESSAGE = 'a transition starts from the state of its machine';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER transitions_source BEFORE INSERT ON transitions
  FOR EACH ROW EXECUTE FUNCTION transitions_source();

CREATE TRIGGER artifacts_no_update BEFORE UPDATE ON artifacts
  FOR EACH ROW EXECUTE FUNCTION refuse('artifacts are evidence: append only');
CREATE TRIGGER artifacts_no_delete BEFORE DELETE ON artifacts
  FOR EACH ROW EXECUTE FUNCTION refuse('artifacts are evidence: append only');
CREATE TRIGGER artifacts_no_truncate BEFORE TRUNCATE ON artifacts
  FOR EACH STATEMENT EXECUTE FUNCTION refuse('artifacts are evidence: append only');

CREATE FUNCTION artifacts_no_replace() RETURNS trigger LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM artifacts WHERE sha256 = NEW.sha256) THEN
    RAISE integrity_constraint_violation USING MESSAGE = 'artifacts are evidence: append only';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER artifacts_no_replace BEFORE INSERT ON artifacts
  FOR EACH ROW EXECUTE FUNCTION artifacts_no_replace();

CREATE TRIGGER instances_no_update BEFORE UPDATE ON instances
  FOR EACH ROW EXECUTE FUNCTION refuse('instances are evidence: append only');
CREATE TRIGGER instances_no_delete BEFORE DELETE ON instances
  FOR EACH ROW EXECUTE FUNCTION refuse('instances are evidence: append only');
CREATE TRIGGER instances_no_truncate BEFORE TRUNCATE ON instances
  FOR EACH STATEMENT EXECUTE FUNCTION refuse('instances are evidence: append only');

CREATE TRIGGER instances_append BEFORE INSERT ON instances
  FOR EACH ROW EXECUTE FUNCTION append();

CREATE FUNCTION instances_no_replace() RETURNS trigger LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM instances WHERE id = NEW.id)
    OR EXISTS (SELECT 1 FROM instances
      WHERE dataset_sha256 = NEW.dataset_sha256 AND instance_id = NEW.instance_id) THEN
    RAISE integrity_constraint_violation USING MESSAGE = 'instances are evidence: append only';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER instances_no_replace BEFORE INSERT ON instances
  FOR EACH ROW EXECUTE FUNCTION instances_no_replace();

CREATE TRIGGER runs_finish_once BEFORE UPDATE ON runs
  FOR EACH ROW WHEN (OLD.finished_at IS NOT NULL OR NEW.finished_at IS NULL
    OR (NEW.id, NEW.created_at, NEW.dataset, NEW.dataset_sha256, NEW.config, NEW.version)
    IS DISTINCT FROM
    (OLD.id, OLD.created_at, OLD.dataset, OLD.dataset_sha256, OLD.config, OLD.version))
  EXECUTE FUNCTION refuse('runs are evidence: only finished_at is set, once');

CREATE TRIGGER runs_no_delete BEFORE DELETE ON runs
  FOR EACH ROW EXECUTE FUNCTION refuse('runs are evidence: append only');
CREATE TRIGGER runs_no_truncate BEFORE TRUNCATE ON runs
  FOR EACH STATEMENT EXECUTE FUNCTION refuse('runs are evidence: append only');

CREATE FUNCTION runs_no_replace() RETURNS trigger LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM runs WHERE id = NEW.id) THEN
    RAISE integrity_constraint_violation USING MESSAGE = 'runs are evidence: append only';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER runs_no_replace BEFORE INSERT ON runs
  FOR EACH ROW EXECUTE FUNCTION runs_no_replace();

CREATE FUNCTION machines_follow() RETURNS trigger LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$
BEGIN
  IF NEW.state IS DISTINCT FROM OLD.state AND NEW.state IS DISTINCT FROM
    (SELECT target FROM transitions WHERE machine_id = OLD.id ORDER BY seq DESC LIMIT 1) THEN
    RAISE integrity_constraint_violation
      USING MESSAGE = 'the state of a machine is the target of its last transition';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER machines_follow BEFORE UPDATE ON machines
  FOR EACH ROW EXECUTE FUNCTION machines_follow();

CREATE TRIGGER machines_keep BEFORE UPDATE ON machines
  FOR EACH ROW WHEN ((NEW.id, NEW.run_id, NEW.instance_id, NEW.arm, NEW.created_at)
    IS DISTINCT FROM (OLD.id, OLD.run_id, OLD.instance_id, OLD.arm, OLD.created_at))
  EXECUTE FUNCTION refuse('machines keep their run, instance and arm');

CREATE TRIGGER machines_no_delete BEFORE DELETE ON machines
  FOR EACH ROW EXECUTE FUNCTION refuse('machines are evidence: append only');
CREATE TRIGGER machines_no_truncate BEFORE TRUNCATE ON machines
  FOR EACH STATEMENT EXECUTE FUNCTION refuse('machines are evidence: append only');

CREATE TRIGGER machines_append BEFORE INSERT ON machines
  FOR EACH ROW EXECUTE FUNCTION append();

CREATE FUNCTION machines_no_replace() RETURNS trigger LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM machines WHERE id = NEW.id)
    OR EXISTS (SELECT 1 FROM machines
      WHERE run_id = NEW.run_id AND instance_id = NEW.instance_id AND arm = NEW.arm) THEN
    RAISE integrity_constraint_violation USING MESSAGE = 'machines are evidence: append only';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER machines_no_replace BEFORE INSERT ON machines
  FOR EACH ROW EXECUTE FUNCTION machines_no_replace();
