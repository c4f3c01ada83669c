"""Models, through litellm only: `protocol`, `client`, `chain`, and `builtin` (no weights)."""
