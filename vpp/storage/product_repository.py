"""Versions of product profiles."""

from sqlalchemy import func, select

from vpp.foundation.errors import AlreadyExists
from vpp.portfolio.product import ProductProfile
from vpp.storage.inserting import insert_into
from vpp.storage.tables.portfolio import PRODUCTS
from vpp.storage.transaction import Transaction


class SqlProductRepository:
    """Versions of product profiles, never changed; implements `workflows.product_ports.ProductRepository`."""

    def __init__(self, transaction: Transaction) -> None:
        """Work inside a transaction."""
        self._transaction = transaction

    def add(self, profile: ProductProfile) -> None:
        """Keep a version; the same content again is no error.

        Raises:
            AlreadyExists: The version is known with other content.
        """
        statement = (
            insert_into(PRODUCTS, sqlite=self._transaction.is_sqlite)
            .on_conflict_do_nothing(index_elements=[PRODUCTS.c.product_id, PRODUCTS.c.version])
            .returning(PRODUCTS.c.version)
        )
        row = {
            "product_id": profile.product_id,
            "version": profile.version,
            "document": profile.model_dump(mode="json"),
            "created_at": self._transaction.now,
        }
        self._transaction.noted(PRODUCTS, [(profile.product_id, profile.version)])
        if self._transaction.write(statement, row).scalar_one_or_none() is not None:
            return
        if self.get(profile.product_id, profile.version) != profile:
            raise AlreadyExists(
                f"product {profile.product_id} version {profile.version} has other content; "
                "count its version up",
                product=profile.product_id,
                version=str(profile.version),
            )

    def get(self, product_id: str, version: int) -> ProductProfile | None:
        """Return one version, or None."""
        statement = select(PRODUCTS.c.document).where(
            PRODUCTS.c.product_id == product_id, PRODUCTS.c.version == version
        )
        document = self._transaction.read(statement).scalar_one_or_none()
        return None if document is None else ProductProfile.model_validate(document)

    def latest(self, product_id: str) -> ProductProfile | None:
        """Return the highest version, or None."""
        statement = (
            select(PRODUCTS.c.document)
            .where(PRODUCTS.c.product_id == product_id)
            .order_by(PRODUCTS.c.version.desc())
            .limit(1)
        )
        document = self._transaction.read(statement).scalar_one_or_none()
        return None if document is None else ProductProfile.model_validate(document)

    def all_latest(self) -> list[ProductProfile]:
        """Return the highest version of every product, by id."""
        newest = (
            select(PRODUCTS.c.product_id, func.max(PRODUCTS.c.version).label("version"))
            .group_by(PRODUCTS.c.product_id)
            .subquery()
        )
        statement = (
            select(PRODUCTS.c.document)
            .join(
                newest,
                (PRODUCTS.c.product_id == newest.c.product_id) & (PRODUCTS.c.version == newest.c.version),
            )
            .order_by(PRODUCTS.c.product_id)
        )
        return [
            ProductProfile.model_validate(document)
            for document in self._transaction.read(statement).scalars()
        ]
