"""Wire to value and value to wire: one module per service, exact both ways."""
