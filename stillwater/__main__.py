"""`python -m stillwater` is `stillwater`; both begin here."""

import sys


def main() -> None:
    """Run the command line; never returns."""
    try:
        # What it takes to begin takes a second, in which a person may press Ctrl-C.
        from stillwater.cli.main import main as begin

        begin()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
