"""What only SQLite has: connections, locks, copies, checks and repair of a file."""
