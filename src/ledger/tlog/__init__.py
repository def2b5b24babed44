"""The transparency log as C2SP and RFC 9162 define it: tree, tiles, checkpoints, keys, witnesses.

Nothing about people, statements or storage may live here; this room could be published by itself.
"""
