"""One servicer per service: wire to value, one workflow, value to wire."""
