"""Paths of URLs."""

from __future__ import annotations


def split_target(target: str) -> tuple[str, str]:
    """Path and query of a request target; a fragment is dropped."""
    target = target.partition("#")[0]
    path, _, query = target.partition("?")
    return path, query


def clean_path(path: str) -> str:
    """An absolute path without ``.``, ``..`` and doubled slashes; a last slash stays."""
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            if kept:
                kept.pop()
        elif segment not in ("", "."):
            kept.append(segment)
    cleaned = "/" + "/".join(kept)
    is_folder = path.endswith(("/", "/.", "/.."))
    return cleaned + "/" if is_folder and kept else cleaned


def join(*parts: str) -> str:
    """Parts with exactly one slash between them, for mounting one router below another."""
    filled = [part for part in parts if part]
    if not filled:
        return "/"
    joined = "/".join(part.strip("/") for part in filled if part.strip("/"))
    ending = "/" if filled[-1].endswith("/") and joined else ""
    return f"/{joined}{ending}"
