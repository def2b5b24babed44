"""A statement as its creator knows it."""

from typing import Any

from tests.support.versions import copied


class Drafted:
    """A statement as its creator knows it: id, document and digest."""

    def __init__(self, document: str, answer: dict[str, Any]) -> None:
        self.document = document
        self.answer = answer
        self.id: str = answer["statementId"]
        self.sha256: str = answer["sha256"]

    def copied(self) -> dict[str, Any]:
        """Return what the document of a new version says of this statement."""
        return copied(self.document)
