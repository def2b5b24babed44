"""The command line: arguments in, exit codes and text out, one module a command.

No rule may live here, and a command that verifies imports nothing of the server.
"""
