"""The words of a mail, wherever its lines break."""

from typing import Protocol


class WithBody(Protocol):
    @property
    def body(self) -> str: ...


def words_of(mail: WithBody) -> str:
    return " ".join(mail.body.split())
