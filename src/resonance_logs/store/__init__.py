"""What is stored: tables, fights, players, marks; ``sqlite`` is what only SQLite has."""
