"""One hash over a product's rules, so that a manifest can say by which rules its statement was reckoned."""

import hashlib
import json

from vpp.portfolio.product import ProductProfile


def product_digest(product: ProductProfile) -> str:
    """Return the SHA-256 of a product's rules as canonical JSON, hexadecimal."""
    content = product.model_dump(mode="json")
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
