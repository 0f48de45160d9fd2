"""Powers and energies of the configuration that are given as text with their unit."""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

from pydantic import BeforeValidator

from vpp.flexibility.quantity_text import parse_energy_kwh, parse_power_kw
from vpp.foundation.errors import InvalidInput


def _read_by(parse: Callable[[str], float]) -> BeforeValidator:
    def read(value: object) -> object:
        if not isinstance(value, str):
            return value
        try:
            return parse(value)
        except InvalidInput as error:
            raise ValueError(
                str(error)
            ) from error  # so that pydantic collects it with all else that is wrong

    return BeforeValidator(read)


PowerKw = Annotated[float, _read_by(parse_power_kw)]
"""A number is in kW, as the field's name says; a text carries its own unit: "1.5 MW"."""
EnergyKwh = Annotated[float, _read_by(parse_energy_kwh)]
"""A number is in kWh, as the field's name says; a text carries its own unit: "90 MWh"."""


def read_quantities(table: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Read every power and energy of a table that is given as text, at any depth.

    Args:
        table: A table of the configuration. Keys that end in `_kw` are powers, in `_kwh` energies;
            prices such as `wear_cost_per_kwh` are left alone.
        where: Dotted path of the table, for messages.

    Returns:
        The table, with numbers in kW and kWh in place of such texts.

    Raises:
        InvalidInput: Some cannot be read without guessing; the message names all of them.

    Example:
        >>> read_quantities({"capacity_kwh": "90 MWh", "wear_cost_per_kwh": "0.16"}, "resources.battery.bess")
        {'capacity_kwh': 90000.0, 'wear_cost_per_kwh': '0.16'}
        >>> read_quantities({"rated_kw": "200兆ワット"}, "ups.a")
        Traceback (most recent call last):
        vpp.foundation.errors.InvalidInput: ups.a.rated_kw: '200兆ワット' can be read in two ways: ...
    """
    problems: list[str] = []
    read = {key: _read(value, f"{where}.{key}", key, problems) for key, value in table.items()}
    if problems:
        raise InvalidInput("; ".join(problems), where=where)
    return read


def _read(value: object, where: str, key: str, problems: list[str]) -> object:
    if isinstance(value, Mapping):
        return {name: _read(each, f"{where}.{name}", str(name), problems) for name, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_read(each, f"{where}[{n}]", key, problems) for n, each in enumerate(value)]
    parse = _parser_of(key)
    if parse is None or not isinstance(value, str):
        return value
    try:
        return parse(value)
    except InvalidInput as error:
        problems.append(f"{where}: {error}")
        return value


def _parser_of(key: str) -> Callable[[str], float] | None:
    if key.endswith(("_per_kw", "_per_kwh")):
        return None
    if key.endswith("_kw"):
        return parse_power_kw
    return parse_energy_kwh if key.endswith("_kwh") else None
