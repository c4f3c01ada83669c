"""`stillwater key`: the key that certificates are signed with."""

from pathlib import Path
from typing import Annotated

import typer

from stillwater.telling.text import one_line


def new(
    file: Annotated[Path, typer.Argument(help="Where the private key goes.", dir_okay=False)],
) -> None:
    """Make an ed25519 key: the private one in FILE, the public one in FILE.pub."""
    from stillwater.certificates import keys

    public, key = keys.make(file)
    typer.echo(one_line(f"Key {key.keyid}"))
    typer.echo(
        one_line(
            f"  {file}: keep it; certificate_key = {str(file.absolute())!r} signs with it", 500
        )
    )
    typer.echo(one_line(f"  {public}: give it away; `verify --public-key` takes it", 500))
