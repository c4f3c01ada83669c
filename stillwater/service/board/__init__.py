"""The board: pages to watch runs, machines and attempts with."""

from typing import TYPE_CHECKING

from fastapi import FastAPI

if TYPE_CHECKING:
    from stillwater.service.app import Service
    from stillwater.service.guard import Guard


def install(app: FastAPI, service: "Service", guard: "Guard") -> None:
    """Add the pages to the application."""
