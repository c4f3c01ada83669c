"""Small modules with a classic bug each, written for measuring `builtin/mutate`."""

from tests.models.builtin import flow_bugs, number_bugs, state_bugs, text_bugs

BUGS = [*number_bugs.BUGS, *text_bugs.BUGS, *state_bugs.BUGS, *flow_bugs.BUGS]
