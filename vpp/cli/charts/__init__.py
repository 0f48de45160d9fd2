"""Charts of a delivery day, drawn without a display and without shared state."""
