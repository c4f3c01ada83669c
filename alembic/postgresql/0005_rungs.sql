-- The rungs that were tried: revision 0005 on PostgreSQL.

CREATE TABLE rungs (
  id BIGINT NOT NULL,
  run_id TEXT COLLATE "C" NOT NULL,
  rung BIGINT NOT NULL,
  holds BIGINT NOT NULL,
  at TEXT COLLATE "C" NOT NULL,
  version TEXT COLLATE "C" NOT NULL,
  head_id BIGINT NOT NULL,
  head_sha256 TEXT COLLATE "C" NOT NULL,
  result TEXT COLLATE "C" NOT NULL,
  prev_sha256 TEXT COLLATE "C" NOT NULL,
  sha256 TEXT COLLATE "C" NOT NULL,
  CONSTRAINT pk_rungs PRIMARY KEY (id),
  CONSTRAINT ck_rungs_id CHECK (id > 0),
  CONSTRAINT ck_rungs_rung CHECK (rung IN (641, 274177, 65537)),
  CONSTRAINT ck_rungs_holds CHECK (holds IN (0, 1)),
  CONSTRAINT ck_rungs_at CHECK (at LIKE '____-__-__T__:__:__.______Z'),
  CONSTRAINT ck_rungs_head_sha256 CHECK (length(head_sha256) = 64),
  CONSTRAINT ck_rungs_result CHECK (json_valid(result)),
  CONSTRAINT ck_rungs_prev_sha256 CHECK (length(prev_sha256) = 64),
  CONSTRAINT ck_rungs_sha256 CHECK (length(sha256) = 64),
  CONSTRAINT fk_rungs_run_id FOREIGN KEY(run_id) REFERENCES runs (id)
);

CREATE TRIGGER rungs_no_update BEFORE UPDATE ON rungs
  FOR EACH ROW EXECUTE FUNCTION refuse('rungs are evidence: append only');
CREATE TRIGGER rungs_no_delete BEFORE DELETE ON rungs
  FOR EACH ROW EXECUTE FUNCTION refuse('rungs are evidence: append only');
CREATE TRIGGER rungs_no_truncate BEFORE TRUNCATE ON rungs
  FOR EACH STATEMENT EXECUTE FUNCTION refuse('rungs are evidence: append only');

CREATE TRIGGER rungs_append BEFORE INSERT ON rungs
  FOR EACH ROW EXECUTE FUNCTION append();

CREATE FUNCTION rungs_no_replace() RETURNS trigger LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM rungs WHERE id >= NEW.id AND NEW.id > 0) THEN
    RAISE integrity_constraint_violation USING MESSAGE = 'rungs are evidence: append only';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER rungs_no_replace BEFORE INSERT ON rungs
  FOR EACH ROW EXECUTE FUNCTION rungs_no_replace();

CREATE FUNCTION rungs_follow() RETURNS trigger LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$
BEGIN
  IF NEW.prev_sha256 IS DISTINCT FROM coalesce(
      (SELECT sha256 FROM rungs ORDER BY id DESC LIMIT 1), repeat('0', 64)) THEN
    RAISE integrity_constraint_violation
      USING MESSAGE = 'a rung names the digest of the one before it';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER rungs_follow BEFORE INSERT ON rungs
  FOR EACH ROW EXECUTE FUNCTION rungs_follow();

CREATE FUNCTION rungs_head() RETURNS trigger LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$
BEGIN
  IF NEW.head_id IS DISTINCT FROM (SELECT coalesce(max(id), 0) FROM transitions)
    OR NEW.head_sha256 IS DISTINCT FROM coalesce(
      (SELECT sha256 FROM transitions ORDER BY id DESC LIMIT 1), repeat('0', 64)) THEN
    RAISE integrity_constraint_violation
      USING MESSAGE = 'a rung is written at the head of the transitions';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER rungs_head BEFORE INSERT ON rungs
  FOR EACH ROW EXECUTE FUNCTION rungs_head();
