"""Changes: statements that administer the ledger, and what they do once they are approved.

items.py       what a change asks for: parse its content
titles.py      the title that its items lead to
effects.py     which events an approved change brings about; why one is impossible
governable.py  what holds after every change, so that the next one can be approved
"""
