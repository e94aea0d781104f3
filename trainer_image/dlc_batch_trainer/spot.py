"""The host's own word: what it is, and whether it is about to be taken away (EC2's IMDSv2)."""

from __future__ import annotations

import os
import urllib.error
import urllib.request
from dataclasses import dataclass

_DEFAULT_ENDPOINT = "http://169.254.169.254"
NOTICE_SECONDS = 5.0  # how often to ask, as AWS advises: the notice comes two minutes ahead
_ANSWER_SECONDS = 2.0
_TOKEN_SECONDS = 21600  # six hours, the most; renewed when refused
_NOTICE = "spot/termination-time"


@dataclass
class Metadata:
    """EC2's instance metadata, or none where this is no EC2 instance."""

    endpoint: str | None
    _token: str | None = None

    @classmethod
    def from_environment(cls) -> Metadata:
        """Read botocore's own two variables."""
        if os.environ.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true":
            return cls(None)
        return cls(os.environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT") or _DEFAULT_ENDPOINT)

    def get(self, path: str) -> str | None:
        """Return an entry of latest/meta-data, or None when there is none.

        Raises:
            OSError: nobody answers.
        """
        if self.endpoint is None:
            return None
        for _ in range(2):  # once more with a new token
            if self._token is None:
                lifetime = {"X-aws-ec2-metadata-token-ttl-seconds": str(_TOKEN_SECONDS)}
                self._token = self._ask("PUT", "latest/api/token", lifetime)
            try:
                header = {"X-aws-ec2-metadata-token": self._token}
                return self._ask("GET", f"latest/meta-data/{path}", header)
            except urllib.error.HTTPError as error:
                if error.code != 401:
                    return None
                self._token = None
        return None

    def describe(self) -> dict[str, str | None]:
        """Return the instance's type and how it is bought; None where it can't be told."""
        try:
            return {
                "instance_type": self.get("instance-type"),
                "life_cycle": self.get("instance-life-cycle"),  # spot or on-demand
            }
        except OSError:
            self.endpoint = None  # no EC2 instance: ask no more
            return {"instance_type": None, "life_cycle": None}

    def _ask(self, method: str, path: str, headers: dict[str, str]) -> str:
        address = f"{(self.endpoint or '').rstrip('/')}/{path}"
        request = urllib.request.Request(address, method=method, headers=headers)  # noqa: S310  # of the environment, not of an upload
        with urllib.request.urlopen(request, timeout=_ANSWER_SECONDS) as answer:  # noqa: S310
            text: str = answer.read().decode()
        return text


def is_to_be_taken_away(metadata: Metadata) -> bool:
    """Whether EC2 has given notice that this Spot instance is about to be taken away."""
    try:
        return metadata.get(_NOTICE) is not None
    except OSError:  # it may answer the next time
        return False
