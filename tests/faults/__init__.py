"""The fault campaign: what can go wrong with a run goes wrong here, and nothing may be lost.

`registry` names the faults, `world` is the run that each disturbs, `check` is what must hold after
each. `test_campaign` plays them once with a fixed seed; `python -m tests.faults` (`make faults`)
plays them at random points for as long as it is told to, and writes docs/reliability.md.
"""
