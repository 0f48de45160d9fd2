"""What a curtailed kWh costs the site: the floor under its bid price."""

from decimal import Decimal

from vpp.foundation.errors import InvalidInput


def wear_cost_per_kwh(
    capex_per_kwh: Decimal, cycle_count_at_end_of_life: int, discharge_depth_ratio: Decimal
) -> Decimal:
    """Return what a discharged kWh takes from a battery's life.

    Args:
        capex_per_kwh: Price of the battery per kWh of capacity.
        cycle_count_at_end_of_life: Cycles it lives at the given depth; above 0.
        discharge_depth_ratio: Depth of those cycles, in (0, 1].

    Returns:
        Wear per kWh discharged, in the currency of `capex_per_kwh`, not rounded.

    Raises:
        InvalidInput: A count or depth outside its range.

    Source:
        Design proposal of this project: capex / (cycles at end of life x depth).

    Example:
        >>> round(wear_cost_per_kwh(Decimal(800), 6000, Decimal("0.85")), 2)
        Decimal('0.16')
    """
    if cycle_count_at_end_of_life < 1 or not 0 < discharge_depth_ratio <= 1:
        raise InvalidInput(
            f"cycle_count_at_end_of_life is {cycle_count_at_end_of_life}, discharge_depth_ratio is "
            f"{discharge_depth_ratio}, expected at least 1 cycle and a depth in (0, 1]"
        )
    return capex_per_kwh / (cycle_count_at_end_of_life * discharge_depth_ratio)


def curtailment_cost_per_kwh(
    job_value_per_kwh: Decimal, tariff_per_kwh: Decimal, lost_work_ratio: Decimal = Decimal(1)
) -> Decimal:
    """Return the net cost of a curtailed kWh of compute: lost job value less the tariff saved.

    Cheaper power makes flexibility dearer: the tariff is what the curtailed kWh saves.

    Args:
        job_value_per_kwh: What the jobs earn with a kWh at full speed.
        tariff_per_kwh: What the site pays for a kWh.
        lost_work_ratio: Work lost per kWh curtailed, relative to the work of a kWh at full
            speed: 1 for a pause, less for a power cap.

    Returns:
        Net cost per kWh curtailed; negative where the saved tariff outweighs the lost work.

    Example:
        >>> curtailment_cost_per_kwh(Decimal("0.90"), Decimal("0.60"))
        Decimal('0.30')
        >>> curtailment_cost_per_kwh(Decimal("0.90"), Decimal("0.30"))
        Decimal('0.60')
    """
    return job_value_per_kwh * lost_work_ratio - tariff_per_kwh


def recharge_loss_cost_per_kwh(tariff_per_kwh: Decimal, recovery_ratio: Decimal) -> Decimal:
    """Return what storing a kWh again costs beyond the kWh itself.

    Args:
        tariff_per_kwh: What the site pays for a kWh.
        recovery_ratio: Energy drawn from the grid per energy delivered; below 1 the cost is negative.

    Example:
        >>> recharge_loss_cost_per_kwh(Decimal("0.60"), Decimal("1.25"))
        Decimal('0.1500')
    """
    return tariff_per_kwh * (recovery_ratio - 1)
