"""JSONTestSuite's parsing tests, compressed; README.md says from where."""
