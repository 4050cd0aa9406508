"""The store: tables, migrations, connections. The only place that knows SQLite."""
