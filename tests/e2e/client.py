"""The API server and the programs of a user: HTTP with the credentials of a kubeconfig, kubectl, helm."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any, Final, Self

import aiohttp

from gungnir.demo.api import Api
from gungnir.runtime.kube_auth import load_auth, open_connector
from tests.kube.tools import need

ROOT: Final = Path(__file__).parents[2]
CHART: Final = ROOT / "deploy" / "chart" / "gungnir-operator"
_ANSWER_S: Final = 10.0


class RemoteApi(Api):
    """The client of the demo and the live tests, for the server of a kubeconfig."""

    def __init__(self, kubeconfig: Path) -> None:
        super().__init__("")
        self._kubeconfig = kubeconfig

    async def __aenter__(self) -> Self:
        auth = await load_auth(str(self._kubeconfig))
        self.url = auth.server  # type: ignore[misc]  # known only now
        connector, _ = open_connector(auth)
        timeout = aiohttp.ClientTimeout(total=_ANSWER_S)
        self._session = aiohttp.ClientSession(connector=connector, headers=await auth.headers(), timeout=timeout)
        return self


class Programs:
    """kubectl and helm, with one kubeconfig and a home of their own.

    Args:
        kubeconfig: Whose rights and which server.
        home: Where they keep their caches.
    """

    def __init__(self, kubeconfig: Path, home: Path) -> None:
        self.kubeconfig: Final = kubeconfig
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("HELM_", "KUBE"))}
        self._environment = {**clean, "KUBECONFIG": str(kubeconfig), "HOME": str(home)}
        self._found = {name: str(need(name)) for name in ("kubectl", "helm")}

    def kubectl(self, *arguments: str, timeout_s: float = 120, text: str | None = None) -> str:
        """Run kubectl and return what it prints; ``text`` is its input.

        Raises:
            AssertionError: It failed; with what it said.
        """
        return self._run("kubectl", arguments, timeout_s, text)

    def get(self, *arguments: str) -> Any:
        """``kubectl get ... -o json``, parsed."""
        return json.loads(self.kubectl("get", *arguments, "--output", "json"))

    def helm(self, *arguments: str, timeout_s: float = 180) -> str:
        """Run helm and return what it prints.

        Raises:
            AssertionError: It failed; with what it said.
        """
        return self._run("helm", arguments, timeout_s, None)

    def _run(self, program: str, arguments: tuple[str, ...], timeout_s: float, text: str | None) -> str:
        done = subprocess.run(
            [self._found[program], *arguments],
            input=text or "",
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout_s,
            env=self._environment,
        )
        assert done.returncode == 0, f"{program} {' '.join(arguments)}: {done.stderr.strip() or done.stdout.strip()}"
        return done.stdout
