"""The command line: parses arguments, calls one function, prints text, returns an exit code.

One module per command. No rule belongs here, and a command that verifies imports nothing of the
server.
"""
