"""The baseline rules and the products that ship."""

from functools import cache
from pathlib import Path

from vpp.foundation.direction import Direction
from vpp.hub.baseline_rule_files import load_rule_files
from vpp.hub.product_files import load_product_files
from vpp.portfolio.baseline_rule import BaselineRule
from vpp.portfolio.product import ProductProfile
from vpp.workflows.ports import UnitOfWorkFactory

CONFIGS = Path(__file__).resolve().parents[2] / "configs"
RULE_FOLDER = CONFIGS / "baselines"
PRODUCT_FOLDER = CONFIGS / "products"


@cache
def shipped_rules() -> dict[str, BaselineRule]:
    """Return the rules by name."""
    return load_rule_files(RULE_FOLDER)


@cache
def shipped_products() -> dict[str, ProductProfile]:
    """Return the products by id."""
    return {product.product_id: product for product in load_product_files(PRODUCT_FOLDER, shipped_rules())}


def put_in_force(units: UnitOfWorkFactory, profile: ProductProfile) -> None:
    """Let a version count, as if two people had agreed to it."""
    with units() as uow:
        uow.products.add(profile)
        uow.commit()


def changed_product(product: ProductProfile, **changes: object) -> ProductProfile:
    """Return a product with other values; a group's changes are merged into it, and all of it is checked."""
    document = product.model_dump(mode="json")
    for field, value in changes.items():
        document[field] = document[field] | value if isinstance(value, dict) else value
    return ProductProfile.model_validate(document)


def product_for(direction: Direction) -> ProductProfile:
    """Return the example of peak shaving, or its image that asks for more consumption: example-surplus."""
    product = shipped_products()["example-peak-shaving"]
    if direction is Direction.LOAD_DOWN:
        return product
    call = product.call.model_copy(update={"direction": direction})
    return product.model_copy(update={"product_id": "example-surplus", "call": call})
