"""Models, reached through litellm only: `protocol`, `client`, `chain`, and `builtin` (no weights)."""
