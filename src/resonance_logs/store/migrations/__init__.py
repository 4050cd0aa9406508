"""The embedded migrations: `env` says how they run, `versions` holds one module a version."""
