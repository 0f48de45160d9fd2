"""What is paid."""

from sqlalchemy import JSON, Boolean, Index, Integer, LargeBinary, Table, Text

from vpp.storage.column_types import MicroAmount, UtcDateTime
from vpp.storage.tables.schema import ID, METADATA, key, lookup, optional, reference, required, tracked

STATEMENTS = Table(
    "statements",
    METADATA,
    key("statement_id", "{party}-{period}-v{version}, with the currency before the version if not home"),
    reference("party_id", "the party it was written for", of="parties.party_id"),
    required("period", ID, "settlement period, YYYY-MM"),
    required("version", Integer, "counts the versions of this party, period and currency from 1"),
    required("run_type", Text, "initial, recalc, final or adjustment"),
    required("line_count", Integer, "how many lines it has"),
    required("currency", Text, "ISO 4217 code"),
    required("total", MicroAmount, "sum of the lines, millionths; positive is paid to the party"),
    required("delta", MicroAmount, "change against the version before, millionths"),
    required("csv_sha256", Text, "of the statement's CSV file, hexadecimal"),
    *tracked(),
    optional("run_id", ID, "settlement run that wrote it; null before there were runs"),
    Index("ux_statements_version", "party_id", "period", "currency", "version", unique=True),
    lookup("party_id", "statement_id"),  # a party's statements
    lookup("period", "statement_id"),  # statements of a month
    lookup("run_id", "statement_id"),  # statements of a run
    comment="statements, never changed; their files are in statement_files",
)

STATEMENT_FILES = Table(
    "statement_files",
    METADATA,
    key("statement_id", "the statement", of="statements.statement_id"),
    key("file_name", "name of the file", kind=Text),
    required("content", LargeBinary, "the file, byte for byte, or packed"),
    optional("packing", ID, "zlib, or null where the content is as it is"),
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
    optional("period", ID, "settlement period of the statement, YYYY-MM"),
    optional("raised_by", Text, "who objected; null where it was not kept"),
    optional("decided_by", Text, "who decided or withdrew; null while it is open"),
    optional("decided_at", UtcDateTime, "when, UTC; null while it is open"),
    optional("measure_again", Boolean, "whether what it is about is measured again; null for not"),
    optional(
        "measured_pairs", JSON(none_as_null=True), "event and site that are measured again; null for none"
    ),
    optional("raised_person", Text, "person behind who objected; null where it was not kept"),
    lookup("statement_id", "dispute_id"),  # objections to a statement
    lookup("period", "dispute_id"),  # objections to a month's statements
    lookup("party_id", "dispute_id"),  # a party's objections
    lookup("state", "dispute_id"),  # what waits for an answer
    comment="objections to statements",
)
