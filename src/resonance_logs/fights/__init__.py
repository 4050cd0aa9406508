"""A fight in memory: its events, its sums, its archive. No SQL."""
