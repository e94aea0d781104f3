"""Who may ask: nobody but the browser that was sent here, and none of the pages it shows.

Whoever can reach 127.0.0.1 can send a request: other users of the computer, and any page in the
user's browser. So each needs the cookie that the first address gave; its Host must be ours (a name
that a page made lead here is another), and a POST must come from a page of ours.

Browsers share cookies between the ports of a host, so ours is of a path that nobody knows: no
other server on this computer is sent it.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from hmac import compare_digest

from flask import Flask, Response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

HOST = "127.0.0.1"
_BITS, _PATH_BITS = 256, 128
_REFUSED = "Open the address that `dlc-batch console` printed: it lets your browser in.\n"
#: Nothing but our own files, and no script or style within a page.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " frame-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
#: A report comes from a bucket: it may show what it holds, and do nothing.
REPORT_POLICY = (
    "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; font-src data:;"
    " form-action 'none'; frame-ancestors 'self'; base-uri 'none'"
)
#: So may the page on which poses are turned, but for its own script. That runs as if it came from
#: nowhere, without our cookie, and can ask for nothing.
VIEW_POLICY = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; img-src data:;"
    " style-src 'unsafe-inline'; form-action 'none'; frame-ancestors 'self'; base-uri 'none'"
)
_HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def _secret(bits: int = _BITS) -> str:
    return secrets.token_urlsafe(bits // 8)


@dataclass(frozen=True)
class Access:
    """The keys of one console."""

    port: int
    token: str = field(default_factory=_secret)  # of the address that is printed
    path: str = field(default_factory=lambda: f"/{_secret(_PATH_BITS)}")  # before all pages'
    _key: str = field(default_factory=_secret)  # what the cookie holds

    @property
    def address(self) -> str:
        """The address that lets a browser in."""
        return f"http://{HOST}:{self.port}{self.path}/?token={self.token}"

    @property
    def cookie(self) -> str:
        """The cookie's name."""
        return f"dlc-batch-console-{self.port}"

    def guard(self, app: Flask) -> None:
        """Have an app refuse whoever may not ask."""
        app.before_request(self._refuse)
        app.after_request(_protect)

    def _refuse(self) -> AnyResponse | None:
        if request.host not in (f"{HOST}:{self.port}", f"localhost:{self.port}"):
            return _no("This console answers to its own address only.\n")
        if request.method not in ("GET", "HEAD") and not _is_from_our_page():
            return _no("This did not come from a page of the console.\n")
        if request.method == "GET" and request.path == "/" and _is(request.args, self.token):
            return self._let_in()
        if not compare_digest(request.cookies.get(self.cookie, "").encode(), self._key.encode()):
            return _no(_REFUSED)
        return None

    def _let_in(self) -> AnyResponse:
        answer = redirect(f"{self.path}/", 303)  # the token does not stay in the address
        answer.set_cookie(self.cookie, self._key, path=self.path, httponly=True, samesite="Strict")
        return answer


def _is(arguments: dict[str, str], token: str) -> bool:
    return compare_digest(arguments.get("token", "").encode(), token.encode())


def _is_from_our_page() -> bool:
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    return request.headers.get("Origin") == f"http://{request.host}" and site == "same-origin"


def _no(why: str) -> AnyResponse:
    return Response(why, 403, content_type="text/plain; charset=utf-8")


def _protect(answer: Response) -> Response:
    for name, value in _HEADERS.items():
        answer.headers[name] = value
    answer.headers.setdefault("Content-Security-Policy", _POLICY)
    return answer
