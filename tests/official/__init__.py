"""Stillwater's verdicts beside those of the official harness, on images built here."""
