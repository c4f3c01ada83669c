-- success_at_k by what each arm of a run was allowed: revision 0004 on PostgreSQL.

CREATE OR REPLACE VIEW success_at_k AS
WITH ended AS (
  SELECT m.run_id, m.arm, m.id, m.attempt,
    (SELECT t.attempt FROM transitions AS t
      WHERE t.machine_id = m.id AND t.event = 'passed') AS passed_at
  FROM machines AS m
),
arms AS (
  SELECT e.run_id, e.arm,
    coalesce(number(r.config, 'arms', e.arm, 'attempts'), number(r.config, 'attempts'),
      max(e.attempt)) AS attempts,
    count(*) AS total
  FROM ended AS e JOIN runs AS r ON r.id = e.run_id
  GROUP BY e.run_id, e.arm, r.config
)
SELECT s.run_id, s.arm, k.k,
  (SELECT count(*) FROM ended AS e
    WHERE e.run_id = s.run_id AND e.arm = s.arm AND e.passed_at <= k.k) AS verified,
  s.total
FROM arms AS s, generate_series(1, greatest(1, s.attempts::bigint)) AS k (k);
