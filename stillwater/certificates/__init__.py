"""Certificates: what was verified, as a file that another machine can hold against its own tests.

`evidence` gathers what the database holds of a verified machine, `statement` makes an in-toto
statement of it, `envelope` signs that with one of the `keys`, `writing` puts it into bytes.
`reading` takes a certificate from a stranger's file, `patches` says what its patch changes, `check`
runs its tests again, without any database. `heads` are the chain's, signed by the same key.
"""
