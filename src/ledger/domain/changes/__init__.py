"""Changes: statements that administer the ledger, and what they do once they are approved.

items.py    what a change asks for: parse its content, write its title
effects.py  which events an approved change brings about; why one is impossible
"""
