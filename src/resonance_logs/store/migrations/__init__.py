"""The embedded migrations: `env` runs them, `versions` has one module per version."""
