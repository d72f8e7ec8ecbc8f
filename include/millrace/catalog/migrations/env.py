"""What Alembic runs for every command. The caller gives the connection and owns its transaction."""

from __future__ import annotations

from alembic import context

from millrace.catalog.revision import VERSION_TABLE
from millrace.catalog.rows import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    version_table=VERSION_TABLE,
)
with context.begin_transaction():
    context.run_migrations()
