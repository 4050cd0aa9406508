"""How Alembic runs here: on the connection, and within the transaction, that the caller gives."""

from alembic import context

from resonance_logs.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
)
context.run_migrations()
