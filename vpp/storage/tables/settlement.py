"""What is paid."""

from sqlalchemy import JSON, Integer, LargeBinary, Table, Text

from vpp.storage.column_types import MicroAmount
from vpp.storage.tables.schema import ID, METADATA, key, lookup, reference, required, tracked

STATEMENTS = Table(
    "statements",
    METADATA,
    key("statement_id", "{party}-{period}-v{version}"),
    reference("party_id", "the party it was written for", of="parties.party_id"),
    required("period", ID, "settlement period, YYYY-MM"),
    required("version", Integer, "counts the versions of this party and period from 1"),
    required("run_type", Text, "initial, recalc, final or adjustment"),
    required("line_count", Integer, "how many lines it has"),
    required("currency", Text, "ISO 4217 code"),
    required("total", MicroAmount, "sum of the lines, millionths; positive is paid to the party"),
    required("delta", MicroAmount, "change against the version before, millionths"),
    required("csv_sha256", Text, "of the statement's CSV file, hexadecimal"),
    *tracked(),
    lookup("party_id", "statement_id"),  # a party's statements
    lookup("period", "statement_id"),  # statements of a month
    comment="statements; their files are in statement_files",
)

STATEMENT_FILES = Table(
    "statement_files",
    METADATA,
    key("statement_id", "the statement", of="statements.statement_id"),
    key("file_name", "name of the file", kind=Text),
    required("content", LargeBinary, "the file, byte for byte"),
    comment="files of statements",
)

DISPUTES = Table(
    "disputes",
    METADATA,
    key("dispute_id", "last part of disputes/{dispute}"),
    reference("statement_id", "the statement", of="statements.statement_id"),
    reference("party_id", "who objects", of="parties.party_id"),
    required("line_numbers", JSON, "lines objected to; [] means the whole statement"),
    required("description", Text, "what is wrong, in words"),
    required("state", ID, "open, upheld, rejected or withdrawn"),
    required("resolution", Text, "what settlement staff answered"),
    *tracked(),
    lookup("statement_id", "dispute_id"),  # objections to a statement
    lookup("party_id", "dispute_id"),  # a party's objections
    lookup("state", "dispute_id"),  # what waits for an answer
    comment="objections to statements",
)
