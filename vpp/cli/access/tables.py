"""How principals, revoked certificates and open streams are laid out."""

from collections.abc import Sequence

from rich.markup import escape
from rich.table import Table

from vpp.cli.output import fields_table, instant, last_part, make_table, state_name
from vpp.cli.wire_values import instant_from_wire
from vpp.v1 import access_pb2 as wire


def principals_table(principals: Sequence[wire.Principal]) -> Table:
    """Lay out who may call, one row each."""
    table = make_table("Principals", "principal", "party", "site", "roles", "state")
    for one in principals:
        state = state_name(wire.Principal.State, one.state)
        cells = (last_part(one.name), last_part(one.party), last_part(one.site), ", ".join(one.roles), state)
        table.add_row(*cells)
    return table


def principal_table(one: wire.Principal) -> Table:
    """Lay out one principal."""
    rows = [
        ("party", last_part(one.party)),
        ("site", last_part(one.site) or "-"),
        ("roles", ", ".join(one.roles)),
        ("person", one.person),
        ("state", state_name(wire.Principal.State, one.state)),
    ]
    if one.HasField("decide_time"):
        rows += [
            ("decided by", last_part(one.decider)),
            ("decided at", instant(instant_from_wire(one.decide_time))),
            ("reason", escape(one.reason)),
        ]
    return fields_table(f"Principal {last_part(one.name)}", rows)


def revoked_table(revoked: Sequence[wire.RevokedCertificate]) -> Table:
    """Lay out certificates that count no more, one row each."""
    table = make_table("Revoked certificates", "number", "when", "by", "reason")
    for one in revoked:
        serial = last_part(one.name).removeprefix("serial-")
        when = instant(instant_from_wire(one.revoke_time))
        table.add_row(serial, when, last_part(one.decider), escape(one.reason))
    return table


def sessions_table(sessions: Sequence[wire.LiveSession]) -> Table:
    """Lay out open streams, one row each."""
    table = make_table("Open streams", "principal", "method", "since", "certificate", "until")
    for one in sessions:
        ends = instant(instant_from_wire(one.expire_time)) if one.HasField("expire_time") else "-"
        since = instant(instant_from_wire(one.open_time))
        certificate = one.certificate_serial or "-"
        table.add_row(last_part(one.principal), one.method.removeprefix("/vpp.v1."), since, certificate, ends)
    return table
