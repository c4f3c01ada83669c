"""Views: what people ask, in terms of an auditor's SQL. They need SQLite 3.38 or newer.

An attempt is what happened in GENERATE, APPLY and TEST under one attempt number. The seconds of a
machine are those its steps took, so neither queueing nor a crash in between counts. PostgreSQL has
the same ones, in alembic/postgresql.
"""

SECONDS = "(julianday(t.finished_at) - julianday(t.started_at)) * 86400.0"

ATTEMPTS = f"""
CREATE VIEW attempts AS
SELECT m.run_id, m.id AS machine_id, m.instance_id, m.arm, t.attempt,
  max(t.evidence ->> '$.model') FILTER (WHERE t.event IN ('proposed', 'unusable')) AS model,
  (SELECT l.event FROM transitions AS l
    WHERE l.machine_id = t.machine_id AND l.attempt = t.attempt
      AND l.source IN ('GENERATE', 'APPLY', 'TEST')
    ORDER BY l.event = 'defer', l.seq DESC LIMIT 1) AS outcome,
  min(t.started_at) AS started_at,
  max(t.finished_at) AS finished_at,
  round(sum({SECONDS}), 3) AS seconds,
  sum(t.evidence ->> '$.usage.prompt_tokens') AS prompt_tokens,
  sum(t.evidence ->> '$.usage.completion_tokens') AS completion_tokens,
  sum(t.evidence ->> '$.usage.cached_tokens') AS cached_tokens,
  max(t.evidence ->> '$.artifacts.patch') AS patch_sha256,
  max(t.evidence ->> '$.artifacts.completion') AS completion_sha256
FROM machines AS m
JOIN transitions AS t ON t.machine_id = m.id
WHERE t.source IN ('GENERATE', 'APPLY', 'TEST')
GROUP BY m.id, t.attempt
"""

OUTCOMES = f"""
CREATE VIEW outcomes AS
SELECT m.run_id, m.id AS machine_id, m.instance_id, m.arm,
  i.content ->> '$.repo' AS repo,
  m.state,
  coalesce(max(t.attempt) FILTER (WHERE t.source = 'GENERATE' AND t.event <> 'defer'), 0)
    AS attempts,
  (SELECT l.evidence ->> '$.model' FROM transitions AS l
    WHERE l.machine_id = m.id AND l.event IN ('proposed', 'unusable')
    ORDER BY l.seq DESC LIMIT 1) AS model,
  round(coalesce(sum({SECONDS}), 0), 3) AS seconds,
  CASE m.state WHEN 'VERIFIED' THEN (SELECT l.evidence ->> '$.artifacts.patch'
    FROM transitions AS l
    WHERE l.machine_id = m.id AND l.evidence ->> '$.artifacts.patch' IS NOT NULL
    ORDER BY l.seq DESC LIMIT 1) END AS patch_sha256,
  (SELECT l.event FROM transitions AS l
    WHERE l.machine_id = m.id ORDER BY l.seq DESC LIMIT 1) AS reason
FROM machines AS m
JOIN runs AS r ON r.id = m.run_id
LEFT JOIN instances AS i
  ON i.dataset_sha256 = r.dataset_sha256 AND i.instance_id = m.instance_id
LEFT JOIN transitions AS t ON t.machine_id = m.id
GROUP BY m.id
"""

SUCCESS_AT_K = """
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
"""

MODEL_USAGE = """
CREATE VIEW model_usage AS
SELECT m.run_id, t.evidence ->> '$.model' AS model,
  count(*) AS calls,
  sum(t.evidence ->> '$.usage.prompt_tokens') AS prompt_tokens,
  sum(t.evidence ->> '$.usage.completion_tokens') AS completion_tokens,
  sum(t.evidence ->> '$.usage.cached_tokens') AS cached_tokens,
  round(coalesce(sum(t.evidence ->> '$.seconds'), 0), 3) AS seconds
FROM machines AS m
JOIN transitions AS t ON t.machine_id = m.id
WHERE t.event IN ('proposed', 'unusable')
GROUP BY m.run_id, t.evidence ->> '$.model'
"""

TEST_RESULTS = """
CREATE VIEW test_results AS
SELECT m.run_id, m.id AS machine_id, m.instance_id, m.arm, t.attempt, t.seq,
  CASE t.event WHEN 'read' THEN 'baseline' ELSE 'candidate' END AS phase,
  r.key AS test,
  r.value AS status
FROM machines AS m
JOIN transitions AS t ON t.machine_id = m.id
JOIN json_each(t.evidence,
  CASE t.event WHEN 'read' THEN '$.baseline.tests' ELSE '$.tests' END) AS r
WHERE t.event IN ('read', 'passed', 'failed', 'refuted')
"""

VIEWS = (ATTEMPTS, OUTCOMES, SUCCESS_AT_K, MODEL_USAGE, TEST_RESULTS)
