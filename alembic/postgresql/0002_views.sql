-- The views that auditors and reports read: revision 0002 on PostgreSQL.

CREATE VIEW attempts AS
SELECT m.run_id, m.id AS machine_id, m.instance_id, m.arm, t.attempt,
  max(fact(t.evidence, 'model')) FILTER (WHERE t.event IN ('proposed', 'unusable')) AS model,
  (SELECT l.event FROM transitions AS l
    WHERE l.machine_id = m.id AND l.attempt = t.attempt
      AND l.source IN ('GENERATE', 'APPLY', 'TEST')
    ORDER BY l.event = 'defer', l.seq DESC LIMIT 1) AS outcome,
  min(t.started_at) AS started_at,
  max(t.finished_at) AS finished_at,
  round(sum(seconds(t.started_at, t.finished_at)), 3)::double precision AS seconds,
  sum(number(t.evidence, 'usage', 'prompt_tokens'))::bigint AS prompt_tokens,
  sum(number(t.evidence, 'usage', 'completion_tokens'))::bigint AS completion_tokens,
  sum(number(t.evidence, 'usage', 'cached_tokens'))::bigint AS cached_tokens,
  max(fact(t.evidence, 'artifacts', 'patch')) AS patch_sha256,
  max(fact(t.evidence, 'artifacts', 'completion')) AS completion_sha256
FROM machines AS m
JOIN transitions AS t ON t.machine_id = m.id
WHERE t.source IN ('GENERATE', 'APPLY', 'TEST')
GROUP BY m.id, t.attempt;

CREATE VIEW outcomes AS
SELECT m.run_id, m.id AS machine_id, m.instance_id, m.arm,
  fact(i.content, 'repo') AS repo,
  m.state,
  coalesce(max(t.attempt) FILTER (WHERE t.source = 'GENERATE' AND t.event <> 'defer'), 0)
    AS attempts,
  (SELECT fact(l.evidence, 'model') FROM transitions AS l
    WHERE l.machine_id = m.id AND l.event IN ('proposed', 'unusable')
    ORDER BY l.seq DESC LIMIT 1) AS model,
  round(coalesce(sum(seconds(t.started_at, t.finished_at)), 0), 3)::double precision AS seconds,
  CASE m.state WHEN 'VERIFIED' THEN (SELECT fact(l.evidence, 'artifacts', 'patch')
    FROM transitions AS l
    WHERE l.machine_id = m.id AND fact(l.evidence, 'artifacts', 'patch') IS NOT NULL
    ORDER BY l.seq DESC LIMIT 1) END AS patch_sha256,
  (SELECT l.event FROM transitions AS l
    WHERE l.machine_id = m.id ORDER BY l.seq DESC LIMIT 1) AS reason
FROM machines AS m
JOIN runs AS r ON r.id = m.run_id
LEFT JOIN instances AS i
  ON i.dataset_sha256 = r.dataset_sha256 AND i.instance_id = m.instance_id
LEFT JOIN transitions AS t ON t.machine_id = m.id
GROUP BY m.id, i.id;

CREATE VIEW success_at_k AS
WITH ended AS (
  SELECT m.run_id, m.arm, m.id, m.attempt,
    (SELECT t.attempt FROM transitions AS t
      WHERE t.machine_id = m.id AND t.event = 'passed') AS passed_at
  FROM machines AS m
),
arms AS (
  SELECT e.run_id, e.arm,
    coalesce(number(r.config, 'attempts'), max(e.attempt)) AS attempts,
    count(*) AS total
  FROM ended AS e JOIN runs AS r ON r.id = e.run_id
  GROUP BY e.run_id, e.arm, r.config
)
SELECT s.run_id, s.arm, k.k,
  (SELECT count(*) FROM ended AS e
    WHERE e.run_id = s.run_id AND e.arm = s.arm AND e.passed_at <= k.k) AS verified,
  s.total
FROM arms AS s, generate_series(1, greatest(1, s.attempts::bigint)) AS k (k);

CREATE VIEW model_usage AS
SELECT m.run_id, fact(t.evidence, 'model') AS model,
  count(*) AS calls,
  sum(number(t.evidence, 'usage', 'prompt_tokens'))::bigint AS prompt_tokens,
  sum(number(t.evidence, 'usage', 'completion_tokens'))::bigint AS completion_tokens,
  sum(number(t.evidence, 'usage', 'cached_tokens'))::bigint AS cached_tokens,
  round(coalesce(sum(number(t.evidence, 'seconds')), 0), 3)::double precision AS seconds
FROM machines AS m
JOIN transitions AS t ON t.machine_id = m.id
WHERE t.event IN ('proposed', 'unusable')
GROUP BY m.run_id, fact(t.evidence, 'model');

CREATE VIEW test_results AS
SELECT m.run_id, m.id AS machine_id, m.instance_id, m.arm, t.attempt, t.seq,
  CASE t.event WHEN 'read' THEN 'baseline' ELSE 'candidate' END AS phase,
  r.key AS test,
  r.value AS status
FROM machines AS m
JOIN transitions AS t ON t.machine_id = m.id
CROSS JOIN LATERAL json_each_text(
  CASE t.event WHEN 'read' THEN as_json(t.evidence) #> '{baseline,tests}'
    ELSE as_json(t.evidence) -> 'tests' END) AS r
WHERE t.event IN ('read', 'passed', 'failed', 'refuted');
