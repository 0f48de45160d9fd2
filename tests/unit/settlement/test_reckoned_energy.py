from dataclasses import replace

from support.proved_month import first_evidence, products

from vpp.foundation.direction import Direction
from vpp.portfolio.product import ProductProfile
from vpp.settlement.evidence import SiteEvidence
from vpp.settlement.evidence_delivery import delivery_of
from vpp.settlement.reckoned_energy import energy_steps

EVIDENCE = first_evidence()["alone", "north-1"]


def told(evidence: SiteEvidence, product: ProductProfile) -> dict[str, str]:
    measured = delivery_of(evidence, product).intervals[0]
    return {step.name: step.text for step in energy_steps(evidence, measured, 0)}


def test_powers_become_energies() -> None:
    assert told(EVIDENCE, products()["alone"]) == {
        "baseline energy": "500.0 kW * 0.25 h = 125.000 kWh, half up to 0.001",
        "metered energy": "400.0 kW * 0.25 h = 100.000 kWh, half up to 0.001",
    }


def test_other_events_losses_and_a_device_are_in_the_formula() -> None:
    baseline = replace(EVIDENCE.baseline, elsewhere_kw=(50.0,) * 4, loss_ratio=1.02)
    meter = replace(EVIDENCE.meter, device_kw=(30.0,) * 4)
    found = told(replace(EVIDENCE, baseline=baseline, meter=meter), products()["alone"])
    assert found == {
        "baseline energy": (
            "(500.0 kW - 50.0 kW of other events) * 0.25 h * 1.02 losses = 114.750 kWh, half up to 0.001"
        ),
        "load": "metered 400.0 kW + device 30.0 kW = 430.0 kW, of which the device served 30.0 kW",
        "metered energy": "(430.0 kW - 30.0 kW) * 0.25 h * 1.02 losses = 102.000 kWh, half up to 0.001",
    }


def test_what_other_events_raised_lies_on_top() -> None:
    product = products()["alone"]
    up = product.model_copy(update={"call": product.call.model_copy(update={"direction": Direction.LOAD_UP})})
    baseline = replace(EVIDENCE.baseline, elsewhere_kw=(50.0,) * 4)
    found = told(replace(EVIDENCE, direction=Direction.LOAD_UP, baseline=baseline), up)
    assert found["baseline energy"].startswith("(500.0 kW + 50.0 kW of other events) * 0.25 h = 137.500 kWh")


def test_a_gap_gives_no_energy() -> None:
    meter = replace(EVIDENCE.meter, metered_kw=(float("nan"),) * 4)
    assert "metered energy" not in told(replace(EVIDENCE, meter=meter), products()["alone"])
