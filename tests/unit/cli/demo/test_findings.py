import json
from datetime import UTC, datetime
from pathlib import Path

from vpp.cli.demo.findings import all_checks, bid_reasons, is_statement
from vpp.cli.demo.processes import ProgramRun
from vpp.cli.demo.results import DemoResults, EventResult
from vpp.cli.demo.script import Cast, Performance


def test_reasons_come_from_the_bid_or_from_the_clearing(evening: EventResult) -> None:
    assert bid_reasons([evening]) == {
        "evening-peak/one": "ACCEPTED_IN_FULL",
        "evening-peak/two": "ACCEPTED_IN_PART",
        "evening-peak/standing": "REJECTED_NOT_NEEDED",
    }


def test_summaries_are_no_statements() -> None:
    assert is_statement("statement_a_2026-03_v1.csv")
    assert not is_statement("statement_a_2026-03_v1.summary.csv")
    assert not is_statement("statement_a_2026-03_v1.manifest.json")


def test_checks_see_what_is_missing(day: DemoResults, tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    journal.write_text(json.dumps({"kind": "position", "held": 0}) + "\n")
    program = ProgramRun("agent of north-1", [], tmp_path / "log")
    sites = ("north-1", "north-2")
    cast = Cast(
        hub=program,
        agents=[program],
        killed=program,
        killed_site="north-1",
        refusing_site="north-2",
        site_ids=sites,
        journals=dict.fromkeys(sites, journal),
    )
    at = datetime(2026, 3, 4, 17, 25, tzinfo=UTC)
    held = {row.name: row.held for row in all_checks(day, {}, cast, Performance(at, at))}
    assert held == {
        "evening-peak: delivered energy lies in the product's band": True,
        "no instruction is lost or doubled": False,  # the journals hold none
        "deliveries are applied in order, each once": False,
        "statements add up and match their manifests": False,  # there are none
        "money in equals money out": False,
        "statements' energy is baseline less metered": False,
        "the killed agent north-1 resumed": True,
        "north-2 refused with its reason": True,
        "every bid has a reason": True,
        "every site has a day-ahead forecast": False,  # north-2 has none
    }
