"""`vpp token`: OAuth2 access tokens that are bound to a certificate."""
