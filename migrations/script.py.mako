"""${message}

Expand (versions/expand): only what older nodes survive - new tables, nullable columns, indexes. It may run twice.
Contract (versions/contract): what `gwctl migrations finish` does once no older node is left; its id is the id of the
expand migration followed by `_finish`, and it depends on it.
"""

from alembic import op
import sqlalchemy as sa
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}
