"""`vpp product` at a hub: one person proposes, another approves; the table shows every field that changes."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from click.testing import Result
from support.market import Market, make_market
from support.products import PRODUCT_FOLDER, changed_product, shipped_products
from support.serving import Served, served
from typer.testing import CliRunner

from vpp.cli.main import app
from vpp.workflows.founding_products import found_products

PEAK = shipped_products()["example-peak-shaving"]


@pytest.fixture
def market(tmp_path: Path) -> Market:
    return make_market(tmp_path)


@pytest.fixture
async def hub(market: Market, tmp_path: Path) -> AsyncIterator[Served]:
    async with served(market, tmp_path) as serving:
        yield serving


async def run(hub: Served, who: str, *arguments: str) -> Result:
    token = hub.hub.prepared.settings.base_directory / f"{who}.token"
    token.write_text(who)
    options = ["--hub", hub.address, "--plaintext", "--token-file", str(token)]
    result = await asyncio.to_thread(
        CliRunner().invoke, app, ["product", *options, *arguments], env={"COLUMNS": "200"}
    )
    assert result.exception is None or result.exit_code, result.output
    return result


async def test_a_version_from_its_proposal_to_its_effect(hub: Served, tmp_path: Path) -> None:
    text = (PRODUCT_FOLDER / "example_peak_shaving.toml").read_text(encoding="utf-8")
    file = tmp_path / "next.toml"
    file.write_text(text.replace(f"version = {PEAK.version}", f"version = {PEAK.version + 1}"))
    reason = "the grid's [bold]new tariff"
    proposed = await run(hub, "operator", "propose", str(file), "--reason", reason, "--json")
    change = json.loads(proposed.output)
    name = change["name"].rpartition("/")[2]
    assert (change["state"], change["reason"]) == ("STATE_PROPOSED", reason)
    refused = await run(hub, "operator", "approve", name)
    assert "was proposed by you" in str(refused.exception)
    shown = await run(hub, "administrator", "change", name)
    assert "1 fields differ" in shown.output
    assert reason in shown.output
    approved = await run(hub, "administrator", "approve", name, "--json")
    assert json.loads(approved.output)["decided_by"] == "administrator"
    (listed,) = json.loads((await run(hub, "auditor", "changes", "--json")).output)
    assert listed["state"] == "STATE_APPROVED"
    table = (await run(hub, "auditor", "changes", "--product", PEAK.product_id)).output
    assert name in table


async def test_what_was_found_is_adopted_withdrawn_and_refused(hub: Served) -> None:
    new = changed_product(PEAK, version=PEAK.version + 1, money={"penalty_ratio": "3"})
    (found,) = await asyncio.to_thread(found_products, hub.market.units, [new])
    name = found.value.change_id
    assert "found" in (await run(hub, "operator", "change", name)).output
    adopted = await run(hub, "operator", "adopt", name, "--reason", "agreed", "--json")
    assert json.loads(adopted.output)["proposed_by"] == "operator"
    assert "WITHDRAWN" in (await run(hub, "operator", "withdraw", name)).output
    refused = await run(hub, "administrator", "reject", name)
    assert "expected PROPOSED to make it REJECTED" in str(refused.exception)
