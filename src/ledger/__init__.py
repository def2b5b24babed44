"""Record approvals of JSON statements in a log that anyone can replay and check offline."""

__version__ = "0.1.0.dev0"
