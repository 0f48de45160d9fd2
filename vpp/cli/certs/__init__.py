"""`vpp certs`: a private authority and the certificates of hubs, sites and people."""
