"""The operator's desk: `vpp operator`, one module per subject."""
