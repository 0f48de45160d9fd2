"""What the workflows need from outside to know products, as a Protocol."""

from typing import Protocol

from vpp.portfolio.product import ProductProfile


class ProductRepository(Protocol):
    """Product profiles by id and version; never changed once added."""

    def add(self, profile: ProductProfile) -> None:
        """Keep a version; the same content again is no error, other content raises AlreadyExists."""
        ...

    def get(self, product_id: str, version: int) -> ProductProfile | None:
        """Return one version, or None."""
        ...

    def latest(self, product_id: str) -> ProductProfile | None:
        """Return the highest version, or None."""
        ...

    def all_latest(self) -> list[ProductProfile]:
        """Return the highest version of every product, by id."""
        ...
