"""Tests of the organisation's sign-in, with a provider and a SCIM client of other people."""
