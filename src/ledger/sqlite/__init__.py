"""Opens SQLite files, inserts many rows quickly, and defines the tables of the log's file.

The store writes that file and the audit reads it. No query belongs here.
"""
