-- The epochs: revision 0003 on PostgreSQL.

CREATE TABLE epochs (
  id BIGINT NOT NULL,
  begun_at TEXT COLLATE "C" NOT NULL,
  pid BIGINT NOT NULL,
  host TEXT COLLATE "C" NOT NULL,
  boot_id TEXT COLLATE "C" NOT NULL,
  version TEXT COLLATE "C" NOT NULL,
  last_transition BIGINT NOT NULL,
  CONSTRAINT pk_epochs PRIMARY KEY (id),
  CONSTRAINT ck_epochs_begun_at CHECK (begun_at LIKE '____-__-__T__:__:__.______Z')
);

CREATE TRIGGER epochs_no_update BEFORE UPDATE ON epochs
  FOR EACH ROW EXECUTE FUNCTION refuse('epochs are evidence: append only');
CREATE TRIGGER epochs_no_delete BEFORE DELETE ON epochs
  FOR EACH ROW EXECUTE FUNCTION refuse('epochs are evidence: append only');
CREATE TRIGGER epochs_no_truncate BEFORE TRUNCATE ON epochs
  FOR EACH STATEMENT EXECUTE FUNCTION refuse('epochs are evidence: append only');

CREATE TRIGGER epochs_append BEFORE INSERT ON epochs
  FOR EACH ROW EXECUTE FUNCTION append();

CREATE FUNCTION epochs_no_replace() RETURNS trigger LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM epochs WHERE id >= NEW.id AND NEW.id > 0) THEN
    RAISE integrity_constraint_violation USING MESSAGE = 'epochs are evidence: append only';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER epochs_no_replace BEFORE INSERT ON epochs
  FOR EACH ROW EXECUTE FUNCTION epochs_no_replace();
