"""The storage engine on PostgreSQL, with psycopg 3: the log, its tree and its endorsements.

`store.engines` opens it, and no other module imports it.
"""
