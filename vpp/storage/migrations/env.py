"""What Alembic runs for every command: the migrations, on the connection it was handed."""

from alembic import context

from vpp.storage.tables import METADATA


def run() -> None:
    """Run the migrations inside the transaction of the caller, who holds the lock and commits."""
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=METADATA,
        transactional_ddl=True,  # true of SQLite too, once we begin transactions ourselves
        render_as_batch=True,  # SQLite alters a table by copying it
        compare_type=True,
    )
    context.run_migrations()


if __name__ == "env_py":  # Alembic's name for this file; anybody else only reads it
    run()
