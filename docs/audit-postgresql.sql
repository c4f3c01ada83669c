-- The questions of audit.sql, as PostgreSQL answers them, where the record is on a server:
--     psql 'postgresql://auditor@host/name' -f docs/audit-postgresql.sql
-- fact(…), number(…) and seconds(…) are functions of the schema; a plain evidence::json does too.

-- name: why-verified
-- Why was each verified machine called so? The tests that had to pass, and how many did not break.
SELECT m.run_id, m.instance_id, m.arm, t.attempt,
  fact(t.evidence, 'fail_to_pass', 'passed') AS fail_to_pass,
  number(t.evidence, 'pass_to_pass', 'passed_count') AS pass_to_pass,
  fact(t.evidence, 'artifacts', 'log') AS log_sha256,
  t.sha256
FROM transitions AS t
JOIN machines AS m ON m.id = t.machine_id
WHERE t.event = 'passed'
ORDER BY t.id;

-- name: every-attempt
-- Every attempt: who made it, what came of it, and the digest of its patch.
SELECT run_id, instance_id, arm, attempt, model, outcome, patch_sha256
FROM attempts
ORDER BY run_id, machine_id, attempt;

-- name: second-thoughts
-- Which instances needed more than one attempt, and what the earlier ones failed of?
SELECT o.run_id, o.instance_id, o.arm, o.attempts, o.state,
  (SELECT string_agg(a.outcome, ' ' ORDER BY a.attempt) FROM attempts AS a
    WHERE a.machine_id = o.machine_id) AS outcomes
FROM outcomes AS o
WHERE o.attempts > 1
ORDER BY o.run_id, o.machine_id;

-- name: world-failures
-- Which transitions were the world's failures, not the model's, and how long did they cost?
SELECT m.run_id, m.instance_id, m.arm, t.source, t.attempt,
  fact(t.evidence, 'reason') AS reason,
  round(seconds(t.started_at, t.finished_at), 3)::double precision AS seconds_lost,
  number(t.evidence, 'wait_seconds') AS seconds_waited
FROM transitions AS t
JOIN machines AS m ON m.id = t.machine_id
WHERE t.event = 'defer'
ORDER BY t.id;

-- name: broken-links
-- Where is the chain broken? No row: nowhere. (Whether each digest is that of its row's content,
-- `stillwater audit` computes anew.)
SELECT id, machine_id, seq, prev_sha256, expected
FROM (
  SELECT id, machine_id, seq, prev_sha256,
    lag(sha256, 1, repeat('0', 64)) OVER (ORDER BY id) AS expected
  FROM transitions) AS links
WHERE prev_sha256 <> expected
ORDER BY id;

-- name: cut-off
-- Which answers were cut off at the token limit?
SELECT m.run_id, m.instance_id, m.arm, t.attempt,
  fact(t.evidence, 'model') AS model,
  number(t.evidence, 'usage', 'completion_tokens') AS completion_tokens,
  t.event
FROM transitions AS t
JOIN machines AS m ON m.id = t.machine_id
WHERE t.event IN ('proposed', 'unusable') AND fact(t.evidence, 'finish_reason') = 'length'
ORDER BY t.id;

-- name: rungs
-- Which rungs were tried of which run, by which version, at which head, and what failed?
SELECT r.id, r.run_id, r.rung, r.holds, r.at, r.version, r.head_id,
  (SELECT string_agg((c ->> 'what') || ': ' || (c ->> 'told'), '; ')
    FROM json_array_elements(as_json(r.result) -> 'checked') AS c
    WHERE c ->> 'holds' = 'false') AS failed
FROM rungs AS r
ORDER BY r.id;
