"""The products at hand: a folder of files, asked by id, or a file."""

import difflib
from collections.abc import Mapping
from pathlib import Path

from vpp.cli.product_folder import product_folder
from vpp.cli.rule_folder import rule_folder
from vpp.foundation.errors import NotFound
from vpp.hub.baseline_rule_files import load_rule_files
from vpp.hub.product_files import load_product_file, load_product_files
from vpp.portfolio.baseline_rule import BaselineRule
from vpp.portfolio.product import ProductProfile


def rules_of(folder: Path | None) -> dict[str, BaselineRule]:
    """Read the baseline rules of a folder; those that come with the project if there is none.

    Raises:
        NotFound: There is no such folder.
        InvalidInput: A file holds no rule.
    """
    place = rule_folder() if folder is None else folder
    if not place.is_dir():
        raise NotFound(f"--rules {place} is no folder; check the path", path=str(place))
    return load_rule_files(place)


def read_products(folder: Path | None, rules: Mapping[str, BaselineRule]) -> dict[str, ProductProfile]:
    """Read every product of a folder.

    Args:
        folder: The folder; None for the products that come with the project.
        rules: Baseline rules by name.

    Returns:
        Products by id, in the order of their ids.

    Raises:
        NotFound: There is no such folder, or it holds no product.
        InvalidInput: A file holds no product; the message names every fault.
    """
    place = product_folder() if folder is None else folder
    if not place.is_dir():
        raise NotFound(f"--products {place} is no folder; check the path", path=str(place))
    products = {product.product_id: product for product in load_product_files(place, rules)}
    if not products:
        raise NotFound(f"{place} holds no product, expected files ending in .toml", path=str(place))
    return dict(sorted(products.items()))


def product_named(name: str, folder: Path | None, rules: Mapping[str, BaselineRule]) -> ProductProfile:
    """Return the product of a file, or of an id within a folder.

    Raises:
        NotFound: There is none; the message names those most like it.
        InvalidInput: The file, or one of the folder, holds no product.
    """
    file = Path(name)
    if name.endswith(".toml"):
        if not file.is_file():
            raise NotFound(f"{file} does not exist; check the path", path=name)
        return load_product_file(file, rules)
    products = read_products(folder, rules)
    if name in products:
        return products[name]
    near = difflib.get_close_matches(name, products, n=3, cutoff=0.4)
    hint = f"did you mean {' or '.join(near)}?" if near else "see `vpp product list`"
    raise NotFound(f"no product is named {name!r}; {hint}", product_id=name)
