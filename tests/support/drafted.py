"""A statement as its creator knows it."""

from typing import Any


class Drafted:
    """A statement as its creator knows it: id, document and digest."""

    def __init__(self, document: str, answer: dict[str, Any]) -> None:
        self.document = document
        self.answer = answer
        self.id: str = answer["statementId"]
        self.sha256: str = answer["sha256"]
