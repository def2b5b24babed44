"""Project Wycheproof's test vectors of what JWS needs, reduced; README.md says from where."""
