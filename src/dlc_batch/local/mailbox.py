"""The lab's mailbox on this computer: a maildir, its mails, and the SMTP server before it."""

import asyncio
import email
import email.policy
import mailbox
from dataclasses import asdict, dataclass
from email.message import EmailMessage
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Mail:
    """One mail as its reader sees it; `date` is ISO 8601."""

    date: str
    to: str
    subject: str
    body: str

    def as_json(self) -> dict[str, str]:
        return asdict(self)


def read_mails(maildir: Path) -> list[Mail]:
    """The mails in the maildir, oldest first; none when there is no such directory."""
    if not maildir.is_dir():
        return []
    files = sorted(
        (maildir / "new").iterdir(), key=lambda file: (file.stat().st_mtime_ns, file.name)
    )
    return [_read(file.read_bytes()) for file in files]


def _read(raw: bytes) -> Mail:
    message = email.message_from_bytes(raw, policy=email.policy.default)
    part = message.get_body(("plain", "html"))
    text = part.get_content() if part else ""
    date = message["Date"]
    return Mail(
        date=parsedate_to_datetime(str(date)).isoformat() if date else "",
        to=str(message["To"] or ""),
        subject=str(message["Subject"] or ""),
        body=text.removesuffix("\n"),
    )


async def serve_smtp(maildir: Path) -> tuple[asyncio.Server, int]:
    """Receive mail on a free port of 127.0.0.1 into the maildir; gives the server and the port."""
    from aiosmtpd.smtp import SMTP  # of the extra `local`; reading mails does without

    box = mailbox.Maildir(maildir, create=True)

    class IntoMaildir:
        async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
            box.add(envelope.content.replace(b"\r\n", b"\n"))  # a maildir has the local line ends
            return "250 OK"

    def session() -> Any:
        return SMTP(IntoMaildir(), enable_SMTPUTF8=True, hostname="localhost")

    server = await asyncio.get_running_loop().create_server(session, "127.0.0.1", 0)
    return server, server.sockets[0].getsockname()[1]


def compose(sender: str, to: str, subject: str, body: str, now: Any) -> EmailMessage:
    """A mail whose text arrives as it is: any Unicode, any length of line."""
    message = EmailMessage(policy=email.policy.SMTP)
    message["From"] = sender
    message["To"] = to
    message["Subject"] = subject
    message["Date"] = format_datetime(now)
    message.set_content(body, cte="quoted-printable")
    return message
