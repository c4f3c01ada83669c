"""`python -m stillwater` is `stillwater`; both begin here."""

import sys

from stillwater.memory import demand, give_up, shortage


def main() -> None:
    """Run the command line; never returns."""
    try:
        demand()
        # What it takes to begin takes a second, in which a person may press Ctrl-C.
        from stillwater.cli.main import main as begin

        begin()
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        if shortage(error) is None:
            raise
        give_up()


if __name__ == "__main__":
    main()
