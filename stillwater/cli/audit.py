"""`stillwater audit`: check from outside that the evidence of a database holds."""

import json
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from stillwater.audit.model import Kept, Report
from stillwater.cli.reader import DEFAULT_DB, Db, RunId
from stillwater.rounding import duration
from stillwater.telling.text import one_line
from stillwater.where import Database, folder

VIOLATED = 1

TOLD = (
    ("heads", "kept outside the database and found in the chain"),
    ("transitions", "digest, order, edge, state, attempt"),
    ("runs", "configuration, end"),
    ("machines", "state and attempt, against their last transition"),
    ("evidence", "canonical JSON, every artifact named is there"),
    ("artifacts", "content against digest"),
    ("rungs", "digest, order, and the head that each was found at"),
    ("completions", "read again: the same edits"),
    ("patches", "made again from the edits and the base files"),
    ("baselines", "judged again from their logs"),
    ("verdicts", "judged again from their logs"),
)
"""What is checked, in its order, and in what."""


def command(
    run: RunId = None,
    *,
    since: Annotated[
        str | None,
        typer.Option(
            "--since", metavar="ID|TIME", help="Only transitions after that one, or that time."
        ),
    ] = None,
    head: Annotated[
        Path | None,
        typer.Option("--head", help="A file of heads you kept: all must be in the chain."),
    ] = None,
    public_key: Annotated[
        Path | None, typer.Option("--public-key", help="Whose signatures heads must have, in PEM.")
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Read no completion, patch or log again.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Everything, as one JSON object.")
    ] = False,
    db: Db = DEFAULT_DB,
) -> None:
    """Check the chain, the machines, the artifacts, and what follows from them. Exit 1: it doesn't.

    The chain is checked whole, through all runs; RUN says whose machines and evidence.
    """
    from stillwater.audit.whole import audit

    begun = time.monotonic()
    home = None if quick else folder(db)
    report = audit(db, run=run, since=since, head_file=head, home=home, key_file=public_key)
    seconds = time.monotonic() - begun
    if as_json:
        typer.echo(json.dumps(_json(db, report, seconds), indent=2, ensure_ascii=True))
    else:
        for line in _lines(db, report, seconds):
            typer.echo(line)
    if not report.holds:
        raise typer.Exit(VIOLATED)


def _lines(db: Database, report: Report, seconds: float) -> Iterator[str]:
    run = f", run {report.run}" if report.run else ""
    since = f", after transition {report.anchor}" if report.anchor else ""
    yield one_line(f"Audit of {db}{run}{since}", 500)
    for name, what in TOLD:
        if name in report.checked:
            yield f"  {name:<12}{report.checked[name]:>10,}  {what}"
    for (kind, why), count in sorted(report.underived.items()):
        yield one_line(f"  not derived {count:>10,}  {kind}: {why}", 500)
    for kept in report.heads:
        yield one_line(f"  {_kept(kept)}", 500)
    if report.violation is None and not report.heads:
        yield "  No head was kept outside: a chain that was cut or made anew would not be noticed."
    if report.head:
        yield one_line(f"Head: {report.head.id} {report.head.sha256} {report.head.at}")
    if report.violation is not None:
        yield one_line(f"VIOLATION in {report.violation}", 1000)
        yield "What comes after it was not checked."
    else:
        yield f"All holds ({duration(seconds)})."


def _kept(kept: Kept) -> str:
    signed = ""
    if kept.signed is not None:
        signed = f"; {kept.signed} of {kept.count} signed, up to transition {kept.signed_last}"
    if not kept.behind:
        return f"{kept.file}: up to the last transition{signed}"
    return (
        f"{kept.file}: up to transition {kept.last}; the {kept.behind} after it, of "
        f"{duration(kept.seconds_behind)}, were in no head yet{signed}"
    )


def _json(db: Database, report: Report, seconds: float) -> dict[str, Any]:
    return {
        "database": str(db),
        "run": report.run,
        "after": report.anchor,
        "holds": report.holds,
        "violation": report.violation and asdict(report.violation),
        "checked": {name: report.checked[name] for name, _ in TOLD if name in report.checked},
        "not_derived": [
            {"kind": kind, "reason": why, "count": count}
            for (kind, why), count in sorted(report.underived.items())
        ],
        "heads": [asdict(kept) for kept in report.heads],
        "head": report.head and asdict(report.head),
        "seconds": round(seconds, 3),
    }
