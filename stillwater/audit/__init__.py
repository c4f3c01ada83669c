"""Checking a database from outside: nothing here goes through the store, or believes what it says.

- `whole.py`: `audit`, the one way in; `model.py`: what it answers.
- `database.py`: a read-only connection of its own; which run, and from where on.
- `server.py`: a copy of a database that is on a server, so that the same is checked there.
- `heads.py`: the heads that were kept outside are in the chain.
- `chain.py`: digests, order, edges, states and attempts of every transition.
- `machines.py`: machines stand where their transitions lead; finished runs have ended.
- `evidence.py`, `canonical.py`: evidence is canonical JSON; artifacts are there, and are what their
  names say.
- `rungs.py`: the chain of the rungs that were tried, and their heads.
- `derive.py`: edits follow from completions, patches from edits, verdicts from logs; `past.py`
  reads a machine's history, `readings.py`, `patches.py` and `verdicts.py` do each again, on the
  base files that `bases.py` finds in the cache.
- `work.py`: spreads long work over processes.
"""
