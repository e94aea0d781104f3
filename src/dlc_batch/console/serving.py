"""The console as a process: it listens until Ctrl-C."""

from __future__ import annotations

import errno
import logging
import os
import signal
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable, Mapping
from typing import Any

import waitress  # type: ignore[import-untyped]
from flask import Flask

from dlc_batch.cloud import Cloud
from dlc_batch.console.access import HOST, Access
from dlc_batch.console.app import make_app
from dlc_batch.console.connection import Connection
from dlc_batch.console.drops import PIECE_BYTES
from dlc_batch.console.state import Console
from dlc_batch_core.errors import LabError

#: Answers at once: some pages may wait for AWS while others go on.
_THREADS = 8
_REQUEST_BYTES = PIECE_BYTES + (64 << 10)  # a piece with its headers


def serve(
    find: Callable[[], Cloud],
    port: int,
    started: Callable[[str], object],
    ended: Callable[[list[str]], object],
) -> None:
    """Serve the console until Ctrl-C.

    Args:
        find: finds the stack.
        port: 0: a free one.
        started: is told the address once pages are answered.
        ended: is told at the end what was under way still, in words.

    Raises:
        LabError: the port is taken.
    """
    with _listen(port) as listener:
        access = Access(listener.getsockname()[1])
        console = Console(access, Connection(find))
        server = _server(make_app(console), listener, access.path)
        _end_when_told()
        try:
            started(access.address)
            server.run()  # returns after Ctrl-C
        finally:
            server.close()
            ended([each.title for each in console.errands.under_way()])
            console.drops.close()


def _end_when_told() -> None:
    """Take a terminal that is closed, or a computer that goes down, for Ctrl-C."""
    for name in ("SIGTERM", "SIGHUP"):
        if number := getattr(signal, name, None):
            signal.signal(number, signal.default_int_handler)


def open_browser(address: str) -> None:
    """Open an address, where there is a screen: in a terminal, a browser would take it over."""
    if has_screen():
        threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()


def has_screen(environment: Mapping[str, str] = os.environ, platform: str = sys.platform) -> bool:
    """Whether this is no mere terminal, such as one on another computer.

    Args:
        platform: as sys.platform names it.
    """
    told = any(environment.get(name) for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY"))
    return told or platform in ("darwin", "win32")


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if sys.platform != "win32":  # there, it would let others have the port too
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # begun anew at once
    try:
        listener.bind((HOST, port))
    except OSError as error:
        listener.close()
        if error.errno in (errno.EADDRINUSE, errno.EACCES):
            what = f"Port {port} of this computer is taken, or may not be used."
            raise LabError(what, "Name another one, or leave --port away.") from error
        raise
    return listener


def _server(app: Flask, listener: socket.socket, path: str) -> Any:
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # that a request waits is no news
    return waitress.create_server(
        app,
        sockets=[listener],
        url_prefix=path,
        threads=_THREADS,
        ident=None,
        max_request_body_size=_REQUEST_BYTES,
        inbuf_overflow=_REQUEST_BYTES,  # in memory, not in a file
        clear_untrusted_proxy_headers=True,
    )
