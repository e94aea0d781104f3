"""AWS's emulator of the Lambda runtime, around one function as `sam build` made it.

The function sees Python's own library, what Lambda's runtime holds, its artifact and its layers: a
package that it finds in none of these it would lack in the cloud too.
"""

import json
import os
import platform
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samtranslator.yaml_helper import yaml_parse

#: How the emulator is called for the two kinds of processor that Lambda has.
_PROCESSORS = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}
_INVOKE = "2015-03-31/functions/function/invocations"  # the emulator's one path
_MOST_STARTS = 5  # another process may take a port between our look and the emulator's


@dataclass(frozen=True)
class Runtime:
    """What stands in for Lambda: the emulator, the Python, and the packages of the runtime."""

    emulator: Path
    python: Path
    packages: Path


def emulator_of(sam_environment: Path) -> Path | None:
    """The emulator that SAM CLI brings for this computer, where it is installed."""
    processor = _PROCESSORS.get(platform.machine().lower(), "")
    name = f"samcli/local/rapid/aws-lambda-rie-{processor}"
    return next(iter(sam_environment.glob(f"lib/python3*/site-packages/{name}")), None)


@dataclass(frozen=True)
class BuiltFunction:
    """A function of a built template: where its code lies, and the settings that it is given."""

    folder: Path
    handler: str
    layers: tuple[Path, ...]
    variables: Mapping[str, str]

    @classmethod
    def of(cls, built: Path, name: str, real: Mapping[str, str]) -> "BuiltFunction":
        """Read function `name`; `real` names the resources that there are, by logical id."""
        template = yaml_parse((built / "template.yaml").read_text())
        resources, shared = template["Resources"], template["Globals"]["Function"]
        own = resources[name]["Properties"]
        layers = [each["Ref"] for each in [*shared.get("Layers", []), *own.get("Layers", [])]]
        variables = {
            **shared.get("Environment", {}).get("Variables", {}),
            **own.get("Environment", {}).get("Variables", {}),
        }
        values = {**_defaults(template["Parameters"]), **real}
        return cls(
            built / own["CodeUri"],
            own.get("Handler", shared.get("Handler")),
            tuple(built / resources[each]["Properties"]["ContentUri"] for each in layers),
            {key: _value(each, values) for key, each in variables.items()},
        )


def _defaults(parameters: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(each["Default"]) for name, each in parameters.items() if "Default" in each}


def _value(given: Any, values: Mapping[str, str]) -> str:
    """A setting as text; of a resource that there is not, some name."""
    if not isinstance(given, dict):
        return str(given)
    return values.get(str(given.get("Ref")), "no-such-thing")


@contextmanager
def running(
    function: BuiltFunction, runtime: Runtime, aws: Mapping[str, str], log: Path
) -> Iterator[str]:
    """The function under the emulator, with `aws` beside its own settings; gives its address."""
    process, address = _start(function, runtime, aws, log)
    try:
        yield address
    finally:
        process.terminate()
        process.wait()


def invoke(address: str, event: Any) -> Any:
    """The function's answer to an event; where it failed, an object with `errorType`."""
    body = json.dumps(event).encode()
    try:
        with urllib.request.urlopen(f"{address}/{_INVOKE}", body) as answer:
            return json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as refusal:  # it did not get as far as its handler
        return json.loads(refusal.read())


def _start(
    function: BuiltFunction, runtime: Runtime, aws: Mapping[str, str], log: Path
) -> tuple["subprocess.Popen[bytes]", str]:
    for _ in range(_MOST_STARTS):
        own, api = _free_ports()
        command = [
            *(runtime.emulator, "--runtime-interface-emulator-address", f"127.0.0.1:{own}"),
            *("--runtime-api-address", f"127.0.0.1:{api}"),
            # -S: without the packages that happen to be installed for this Python
            *(runtime.python, "-S", "-m", "awslambdaric", function.handler),
        ]
        with log.open("wb") as target:
            process = subprocess.Popen(
                command,
                cwd=function.folder,
                env=_environment(function, runtime, aws),
                stdout=target,
                stderr=subprocess.STDOUT,
            )
        if _listens(process, own):
            return process, f"http://127.0.0.1:{own}"
    raise AssertionError(f"the emulator does not start: {log.read_text()}")


def _environment(
    function: BuiltFunction, runtime: Runtime, aws: Mapping[str, str]
) -> dict[str, str]:
    # in Lambda's order: the function, its layers, the runtime
    path = [function.folder, *(each / "python" for each in function.layers), runtime.packages]
    return {
        "PATH": os.defpath,
        "PYTHONPATH": os.pathsep.join(map(str, path)),
        "LAMBDA_TASK_ROOT": str(function.folder),
        **function.variables,
        **aws,
    }


def _free_ports() -> tuple[int, int]:
    with (
        socket.create_server(("127.0.0.1", 0)) as one,
        socket.create_server(("127.0.0.1", 0)) as two,
    ):
        return one.getsockname()[1], two.getsockname()[1]


def _listens(process: "subprocess.Popen[bytes]", port: int) -> bool:
    """Wait until the process listens; False where it has ended instead."""
    while process.poll() is None:
        with socket.socket() as trial:
            if trial.connect_ex(("127.0.0.1", port)) == 0:
                return True
        time.sleep(0.05)
    return False
