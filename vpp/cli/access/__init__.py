"""Who may call the hub, and who no more: `vpp access`."""
