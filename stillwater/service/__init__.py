"""The service: the scheduler and a web application in one process, for the machine in the corner.

`server` starts and stops both; `worker` drives the runs of one database, one after the other;
`submit` makes a run of what was asked for; `hub` wakes who waits for transitions; `readers` are
connections that only read. `app` puts together what is served: `api` and its `models`, `events` as
a stream, `metrics` for Prometheus, `sql` for any question, with `problems` for all that goes wrong,
behind the `guard`; `memory` gives an answer again as long as nothing has changed. `traces` tells
what is committed as spans.
"""
