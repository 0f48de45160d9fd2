"""Green certificates, and what the database itself refuses of them: another use, another face, oblivion.

An id is there once, by its key; what it is used for stands in its row, so it is used once; and the row of a
used-up or withdrawn one is never changed. No certificate is deleted.
"""

from sqlalchemy import DDL, CheckConstraint, Table, Text, event

from vpp.storage.engine import POSTGRESQL, SQLITE
from vpp.storage.tables.schema import ID, METADATA, key, lookup, optional, reference, required, tracked

GREEN_CERTIFICATES = Table(
    "green_certificates",
    METADATA,
    key("certificate_id", "{issuer}-{serial}, lower case, hyphens for other signs"),
    required("issuer", ID, "who issued it"),
    required("serial", Text, "the registry's number as the registry writes it"),
    reference("party_id", "who holds it", of="parties.party_id"),
    required("kind", ID, "wind, solar, hydro, biomass, geothermal or other"),
    required("first_day", ID, "first civil day of its generation, YYYY-MM-DD"),
    required("last_day", ID, "last one, inclusive, YYYY-MM-DD"),
    required("state", ID, "held, allocated, retired or withdrawn"),
    reference("site_id", "site whose use it covers; null for none", of="sites.site_id", nullable=True),
    optional("period", ID, "civil month of that use, YYYY-MM; null for none"),
    *tracked(),
    CheckConstraint(
        "state IN ('held', 'allocated', 'retired', 'withdrawn')", name="ck_green_certificates_state"
    ),
    CheckConstraint(
        "(state IN ('allocated', 'retired')) = (site_id IS NOT NULL)",
        name="ck_green_certificates_site_of_use",
    ),
    CheckConstraint("(site_id IS NULL) = (period IS NULL)", name="ck_green_certificates_period_of_use"),
    lookup("party_id", "certificate_id"),  # what a party has
    lookup("party_id", "state", "last_day", "certificate_id"),  # what it may use, the oldest first
    lookup("site_id", "period", "state", "certificate_id"),  # what counts for a site in a month
    lookup("period", "certificate_id"),  # what counts in a month
    lookup("state", "certificate_id"),  # what is free
    comment="green certificates of 1 MWh; once retired or withdrawn, never changed",
)

FIXED = ("certificate_id", "issuer", "serial", "party_id", "kind", "first_day", "last_day")
"""Columns that say what a certificate is, and never change."""
MOVED = (
    "OLD.state = 'allocated' AND NEW.state IN ('allocated', 'retired') "
    "AND (OLD.site_id <> NEW.site_id OR OLD.period <> NEW.period)"
)
IS_WRONG = " OR ".join(
    ["OLD.state IN ('retired', 'withdrawn')", *(f"OLD.{name} <> NEW.{name}" for name in FIXED), f"({MOVED})"]
)
WRONG = "a certificate is used once and keeps what it is"
KEPT = "certificates are never deleted"


def sqlite_guards() -> list[str]:
    """Return what SQLite is told, in order."""
    return [
        (
            "CREATE TRIGGER green_certificates_are_used_once BEFORE UPDATE ON green_certificates\n"
            f"WHEN {IS_WRONG}\n"
            f"BEGIN SELECT RAISE(ABORT, '{WRONG}'); END"
        ),
        (
            "CREATE TRIGGER green_certificates_are_kept BEFORE DELETE ON green_certificates\n"
            f"BEGIN SELECT RAISE(ABORT, '{KEPT}'); END"
        ),
    ]


def postgresql_guards() -> list[str]:
    """Return what PostgreSQL is told, in order. `VP001` is our own code for a broken promise."""
    return [
        (
            "CREATE FUNCTION vpp_keep_certificate() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN\n"
            "IF TG_OP <> 'UPDATE' THEN\n"
            f"RAISE EXCEPTION USING ERRCODE = 'VP001', MESSAGE = '{KEPT}';\n"
            "END IF;\n"
            f"IF {IS_WRONG} THEN\n"
            f"RAISE EXCEPTION USING ERRCODE = 'VP001', MESSAGE = '{WRONG}: ' || OLD.certificate_id;\n"
            "END IF; RETURN NEW; END $$"
        ),
        (
            "CREATE TRIGGER green_certificates_are_used_once BEFORE UPDATE OR DELETE ON green_certificates "
            "FOR EACH ROW EXECUTE FUNCTION vpp_keep_certificate()"
        ),
        (
            "CREATE TRIGGER green_certificates_are_kept BEFORE TRUNCATE ON green_certificates "
            "FOR EACH STATEMENT EXECUTE FUNCTION vpp_keep_certificate()"
        ),
    ]


def _declare() -> None:
    for dialect, guards in ((SQLITE, sqlite_guards()), (POSTGRESQL, postgresql_guards())):
        for guard in guards:
            event.listen(METADATA, "after_create", DDL(guard).execute_if(dialect=dialect))  # type: ignore[no-untyped-call]


_declare()
