"""The whole market as one readable model, which an auditor reads and the fast engine is tested against."""
