"""Messages: turns events into messages, and sends them until they arrive or an end is reached.

It writes nothing to the log. docs/decisions/0140 says why who hears what is decided here.
"""
