"""An envelope as JSON-able values, for files at the site; without its price, which is the site's own."""

import math
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from vpp.flexibility.envelope import (
    Boundary,
    DeliveryConfidence,
    Envelope,
    EnvelopeRecovery,
    EnvelopeUse,
    FlexDirection,
    RecoveryShape,
)
from vpp.foundation.errors import InvalidInput


def envelope_document(envelope: Envelope) -> dict[str, Any]:
    """Return an envelope as JSON-able values; what is infinite is None."""
    use, recovery, confidence = envelope.use, envelope.recovery, envelope.confidence
    return {
        "resource_id": envelope.resource_id,
        "direction": envelope.direction.value,
        "boundary": envelope.boundary.value,
        "p_max_kw": envelope.p_max_kw,
        "p_min_kw": envelope.p_min_kw,
        "step_kw": envelope.step_kw,
        "energy_budget_kwh": envelope.energy_budget_kwh,
        "delay_s": envelope.delay.total_seconds(),
        "ramp_kw_per_s": _finite(envelope.ramp_kw_per_s),
        "release_ramp_kw_per_s": _finite(envelope.release_ramp_kw_per_s),
        "min_duration_s": envelope.min_duration.total_seconds(),
        "max_duration_s": envelope.max_duration.total_seconds(),
        "confidence": [confidence.p10_ratio, confidence.p50_ratio, confidence.p90_ratio],
        "rest_s": use.rest.total_seconds(),
        "max_activations_per_day": use.max_activations_per_day,
        "max_activations_per_year": use.max_activations_per_year,
        "max_hours_per_year": use.max_hours_per_year,
        "recovery": {
            "energy_kwh": recovery.energy_kwh,
            "shape": recovery.shape.value,
            "cap_kw": _finite(recovery.cap_kw),
            "duration_s": recovery.duration.total_seconds(),
            "backlog_gpu_h": recovery.backlog_gpu_h,
        },
        "excludes": sorted(envelope.excludes),
        "why_not": envelope.why_not,
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _or_infinite(value: float | None) -> float:
    return math.inf if value is None else float(value)


def envelope_from(document: Mapping[str, Any]) -> Envelope:
    """Read what `envelope_document` wrote.

    Raises:
        InvalidInput: A value is missing, or is none that an envelope can have.

    Example:
        >>> bess = Envelope("bess", FlexDirection.LOAD_DOWN, Boundary.POC, 100.0, 200.0,
        ...     timedelta(hours=2), DeliveryConfidence(0.95))
        >>> envelope_from(envelope_document(bess)) == bess
        True
    """
    try:
        recovery = document["recovery"]
        return Envelope(
            resource_id=str(document["resource_id"]),
            direction=FlexDirection(document["direction"]),
            boundary=Boundary(document["boundary"]),
            p_max_kw=float(document["p_max_kw"]),
            p_min_kw=float(document["p_min_kw"]),
            step_kw=float(document["step_kw"]),
            energy_budget_kwh=float(document["energy_budget_kwh"]),
            delay=timedelta(seconds=document["delay_s"]),
            ramp_kw_per_s=_or_infinite(document["ramp_kw_per_s"]),
            release_ramp_kw_per_s=_or_infinite(document["release_ramp_kw_per_s"]),
            min_duration=timedelta(seconds=document["min_duration_s"]),
            max_duration=timedelta(seconds=document["max_duration_s"]),
            confidence=DeliveryConfidence(*(float(each) for each in document["confidence"])),
            use=EnvelopeUse(
                rest=timedelta(seconds=document["rest_s"]),
                max_activations_per_day=document["max_activations_per_day"],
                max_activations_per_year=document["max_activations_per_year"],
                max_hours_per_year=document["max_hours_per_year"],
            ),
            recovery=EnvelopeRecovery(
                energy_kwh=float(recovery["energy_kwh"]),
                shape=RecoveryShape(recovery["shape"]),
                cap_kw=_or_infinite(recovery["cap_kw"]),
                duration=timedelta(seconds=recovery["duration_s"]),
                backlog_gpu_h=float(recovery["backlog_gpu_h"]),
            ),
            excludes=frozenset(str(each) for each in document["excludes"]),
            why_not=str(document["why_not"]),
        )
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise InvalidInput(f"an envelope cannot be read: {error!r}") from error
