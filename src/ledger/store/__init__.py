"""Where events are kept: the log as commands use it, and an engine in a folder of its own.

SQL, paths and connections may live in an engine's folder only; no rule lives here.
"""
