"""Models that need no weights. `builtin/mutate` repairs by search, the floor for any other model.

`mutate` prompt in, answer out; `provider` the same for litellm;
`reading` the prompt's parts; `clues` what they say about the bug; `source` files as trees;
`mutation` one change; `mutations` the kinds of change; `siblings` and `usage` of names, `sorts`
of values; `locating` where; `hints`, `signs` and `differences` which kind; `lessons` what attempts
teach; `ranking` all of it together;
`answer` the block.
"""
