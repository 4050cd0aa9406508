"""How Alembic runs here: on the caller's connection, within its transaction."""

from alembic import context

from resonance_logs.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
)
context.run_migrations()
