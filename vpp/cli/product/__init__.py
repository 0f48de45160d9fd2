"""`vpp product`: product profiles as files: listed, shown in words, checked, compared."""
