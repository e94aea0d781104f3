"""A mail's way through SMTP into the maildir and back."""

import asyncio
import mailbox
import smtplib
from datetime import UTC, datetime

import pytest

from dlc_batch.local.mailbox import compose, read_mails, serve_smtp

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
BODIES = [
    "Grüße aus dem Mäuselabor ✓ 日本語",
    "x" * 5000,
    "a line\n\n.\n.a line that begins with a point\n  indented = 1\ntrailing space \n",
    "From the beginning",
]


def send(maildir, messages):
    async def serve_and_send():
        server, port = await serve_smtp(maildir)
        await asyncio.to_thread(_send_all, port, messages)
        server.close()
        await server.wait_closed()

    asyncio.run(serve_and_send())


def _send_all(port, messages):
    with smtplib.SMTP("127.0.0.1", port) as smtp:
        for message in messages:
            smtp.sendmail(message["From"], [message["To"]], message.as_bytes())


@pytest.mark.parametrize("body", BODIES)
def test_a_text_arrives_as_it_was_sent(tmp_path, body):
    mail = compose("from@example.org", "to@example.org", "Läuft: Maus 1", body, NOW)
    send(tmp_path / "mail", [mail])
    (got,) = read_mails(tmp_path / "mail")
    assert got.body == body.removesuffix("\n")
    assert (got.to, got.subject) == ("to@example.org", "Läuft: Maus 1")
    assert got.date == "2026-03-04T05:06:07+00:00"


def test_mails_are_read_oldest_first(tmp_path):
    subjects = [f"mail {number}" for number in range(12)]
    send(tmp_path / "mail", [compose("f@x.org", "t@x.org", s, "", NOW) for s in subjects])
    assert [mail.subject for mail in read_mails(tmp_path / "mail")] == subjects


def test_there_are_no_mails_where_there_is_no_mailbox(tmp_path):
    assert read_mails(tmp_path / "none") == []


def test_the_mailbox_is_a_maildir_that_other_programs_read(tmp_path):
    send(tmp_path / "mail", [compose("f@x.org", "t@x.org", "s", "text", NOW)])
    assert [m["Subject"] for m in mailbox.Maildir(tmp_path / "mail", create=False)] == ["s"]
