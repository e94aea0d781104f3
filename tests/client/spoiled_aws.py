"""AWS (moto, over HTTP), made to answer as it never does by itself: refusals, broken things."""

from __future__ import annotations

import contextlib
import functools
import io
import json
import re
import threading
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import botocore.loaders
import botocore.session
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import make_server
from werkzeug.wrappers import Response

REGION = "eu-west-1"
#: The services' descriptions, read once for all sessions: EC2's alone takes a third of a second.
_MODELS = botocore.loaders.create_loader()
#: How services refuse that do not speak JSON.
_REFUSALS = {
    "s3": ("AccessDenied", "<Error>{}</Error>"),
    "iam": ("AccessDenied", "<ErrorResponse><Error>{}</Error></ErrorResponse>"),
    "sns": ("AuthorizationError", "<ErrorResponse><Error>{}</Error></ErrorResponse>"),
    "ec2": ("UnauthorizedOperation", "<Response><Errors><Error>{}</Error></Errors></Response>"),
}
#: Given how to ask moto, gives another answer in place of its own, or changes it.
Spoil = Callable[[Callable[[], Response]], Response]


class SpoiledAws:
    """moto behind a door at which its answers can be changed, in an account of its own.

    An operation is meant by a pattern that fits its X-Amz-Target, path, query or body.
    """

    def __init__(self, account: str) -> None:
        self.account = account
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._spoils: list[tuple[str, str, Spoil]] = []
        self._server = make_server(
            "127.0.0.1", 0, self._answer, threaded=True, request_handler=MotoRequestHandler
        )
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.endpoint_url = f"http://127.0.0.1:{self._server.server_port}"
        self.keys = self._assume_role()
        known = botocore.session.get_session()
        known.register_component("data_loader", _MODELS)
        self.session = boto3.Session(**self.keys, region_name=REGION, botocore_session=known)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def client(self, service: str) -> Any:
        return self.session.client(service, endpoint_url=self.endpoint_url)

    @contextlib.contextmanager
    def denied(self, service: str, operation: str) -> Iterator[None]:
        """Refuse this operation for a while, as its service does."""
        said = f"not authorized: {operation}"
        if service in _REFUSALS:
            code, form = _REFUSALS[service]
            text, headers = form.format(f"<Code>{code}</Code><Message>{said}</Message>"), {}
        else:
            text = json.dumps({"__type": "AccessDeniedException", "message": said})
            headers = {"x-amzn-errortype": "AccessDeniedException"}
        spoil = (service, operation, lambda _: Response(text, 403, headers))
        self._spoils.append(spoil)
        yield
        self._spoils.remove(spoil)

    def answer(self, service: str, operation: str, value: object, status: int = 200) -> None:
        """Answer this operation with a text, or with any other value as JSON."""
        text = value if isinstance(value, str) else json.dumps(value)
        self._spoils.append((service, operation, lambda _: Response(text, status)))

    def alter(self, service: str, operation: str, pattern: str, new: str) -> None:
        """Replace a part of moto's own answer; it must be there."""

        def spoil(ask: Callable[[], Response]) -> Response:
            answer = ask()
            text, count = re.subn(pattern, new, answer.get_data(as_text=True))
            assert count, answer.get_data(as_text=True)
            answer.set_data(text)
            return answer

        self._spoils.append((service, operation, spoil))

    def mend(self, service: str, operation: str) -> None:
        """Let moto answer this operation by itself again."""
        self._spoils = [each for each in self._spoils if each[:2] != (service, operation)]

    def _answer(self, environ: dict[str, Any], start: Any) -> Any:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        signed = re.search(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/", environ["HTTP_AUTHORIZATION"])
        asked = " ".join(
            [
                environ.get("HTTP_X_AMZ_TARGET", ""),
                environ["PATH_INFO"],
                environ["QUERY_STRING"],
                body.decode("latin-1"),
            ]
        )
        ask = functools.partial(Response.from_app, self._moto, environ)
        for service, operation, spoil in self._spoils:
            if signed and signed[1] == service and re.search(operation, asked, re.DOTALL):
                ask = functools.partial(spoil, ask)
        return ask()(environ, start)

    def _assume_role(self) -> dict[str, str]:
        """Return keys that lead to the account: moto makes it of the role's."""
        sts = boto3.client(
            "sts",
            endpoint_url=self.endpoint_url,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        role = f"arn:aws:iam::{self.account}:role/admin"
        got = sts.assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
        return {
            "aws_access_key_id": got["AccessKeyId"],
            "aws_secret_access_key": got["SecretAccessKey"],
            "aws_session_token": got["SessionToken"],
        }
