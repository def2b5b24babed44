"""The organisation's directory: its OpenID provider, its SCIM client, and who may do nothing here.

Nothing of this room writes to the log, signs, or decides for anybody. A provider that lies can
block people, which an administrator or the operator undoes; it lets nobody in and changes no role.
"""
