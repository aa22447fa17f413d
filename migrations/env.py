"""Run by Alembic inside the transaction that the migration runner opened."""

from alembic import context

connection = context.config.attributes.get("connection")
if connection is None:
    raise SystemExit("migrations run through 'gwctl migrations'; Alembic's own command only makes new revisions")

context.configure(
    connection=connection, transactional_ddl=True, version_table=context.config.attributes["version_table"]
)
context.run_migrations()
