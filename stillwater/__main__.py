"""`python -m stillwater` is `stillwater`."""

from stillwater.cli.main import main

main()
