"""Who is let in no more."""

from sqlalchemy import Boolean, Table, Text

from vpp.storage.tables.schema import ID, METADATA, key, required, tracked

PRINCIPAL_STANDINGS = Table(
    "principal_standings",
    METADATA,
    key("principal_id", "the principal; the hub's settings say who that is"),
    required("is_suspended", Boolean, "whether it is refused"),
    required("reason", Text, "why, in words"),
    required("decided_by", ID, "principal of whoever decided"),
    *tracked(),
    comment="principals that are or were suspended; whoever has no row is let in",
)

REVOKED_CERTIFICATES = Table(
    "revoked_certificates",
    METADATA,
    key("revocation_id", "serial- and the certificate's number at its authority, hexadecimal"),
    required("reason", Text, "why, in words"),
    required("revoked_by", ID, "principal of whoever revoked it"),
    *tracked(),
    comment="certificates that count no more, beside those that their authority has revoked",
)
