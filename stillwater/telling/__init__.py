"""How the record is told to people, by the command line and by the service alike.

`text` makes it safe to show, `facts` tells one transition in a line, `machines` what the record
says of one machine, `predictions` what the machines of a run made, `results` how a run ended,
`summary` all that is reported of it.
"""
