"""The transparency log as C2SP and RFC 9162 define it: tree, tiles, checkpoints, keys, witnesses.

Code about people, statements or storage does not belong here. The package works without the rest.
"""
