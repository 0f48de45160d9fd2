"""The baseline engine: rules are data, and no programme is known by name."""
