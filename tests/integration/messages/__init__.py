"""Tests of messages, with real receivers."""
