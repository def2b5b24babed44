"""The event store: the log as commands use it, and one folder for each engine.

SQL, paths and connections belong only in an engine's folder; no rule belongs here.
"""
