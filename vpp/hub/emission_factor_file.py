"""Emission factors by zone, from one TOML file: for the CO2 columns of statements, which are estimates."""

import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vpp.foundation.errors import InvalidInput
from vpp.settlement.site_delivery import EmissionFactor

MOST_KG_PER_KWH = Decimal(3)
"""Far above any network's; a factor above it was written in grams."""


class _Entry(BaseModel):
    """One factor of the file.

    Attributes:
        zone: Zone of the sites that it holds for.
        kg_per_kwh: What a kWh that is not consumed is taken to avoid, kg CO2; in quotes, so that it is exact.
        source: Where the figure comes from, and of which kind it is: average or marginal.
        year: The year that it describes.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    zone: str = Field(pattern="^[A-Za-z][A-Za-z0-9_-]{0,63}$")
    kg_per_kwh: Annotated[Decimal, Field(ge=0, le=MOST_KG_PER_KWH, decimal_places=6)]
    source: str = Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")
    year: int = Field(ge=1990, le=2100)


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    factor: tuple[_Entry, ...] = ()


def load_emission_factors(path: Path) -> dict[str, EmissionFactor]:
    """Read the factors of a file by zone, each with a source that says its year and that it is an estimate.

    Raises:
        InvalidInput: There is no such file, it holds something else, or a zone is there twice.
    """
    if not path.is_file():
        raise InvalidInput(f"emission_factor_file {path} does not exist", emission_factor_file=str(path))
    try:
        found = _File.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (ValidationError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path} holds no emission factors: {error}", file=str(path)) from error
    factors: dict[str, EmissionFactor] = {}
    for entry in found.factor:
        if entry.zone in factors:
            raise InvalidInput(
                f"{path} has zone {entry.zone!r} twice, expected one factor per zone", zone=entry.zone
            )
        label = f"{entry.source}, {entry.year}; estimate, not a certificate"
        factors[entry.zone] = EmissionFactor(entry.kg_per_kwh, label)
    return factors
