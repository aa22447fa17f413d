"""The declaration kernel: typed entity classes, and what is derived from them.

An entity is a class whose fields are declared once (`Entity`, `Record`, `fields`); `Schema` compiles it into
preparation, validation, loading and descriptions.
"""

from gwctl.schema import fields
from gwctl.schema.absent import ABSENT, Absent, Maybe
from gwctl.schema.errors import EntityError, Errors
from gwctl.schema.field import Field, ForeignField
from gwctl.schema.record import Entity, Record, Reference
from gwctl.schema.schema import Local, RecordDict, Schema

__all__ = [
    "ABSENT",
    "Absent",
    "Entity",
    "EntityError",
    "Errors",
    "Field",
    "ForeignField",
    "Local",
    "Maybe",
    "Record",
    "RecordDict",
    "Reference",
    "Schema",
    "fields",
]
