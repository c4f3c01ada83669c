"""`python -m stillwater` is `stillwater`; both begin here."""

import sys

from stillwater.memory import shortage


def main() -> None:
    """Run the command line; never returns."""
    try:
        # What it takes to begin takes a second, in which a person may press Ctrl-C.
        from stillwater.cli.main import main as begin

        begin()
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        if (short := shortage(error)) is None:
            raise
        print(f"stillwater: {short}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
