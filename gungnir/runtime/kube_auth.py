"""Where the API server is and how to prove who we are: the loaders and the transport of kubernetes-asyncio.

``import kubernetes_asyncio`` pulls in every generated API and model (measured: 2.5 s and 110 MB). The operator sends
plain JSON trees, so it needs only the configuration loaders (kubeconfig, in-cluster, exec plugins, OIDC, client
certificates) and the REST transport (TLS): 0.2 s and 2 MB on top of aiohttp. ``_library`` imports exactly those.
"""

import asyncio
import asyncio.subprocess
import contextlib
import importlib
import importlib.util
import ipaddress
import os
import sys
import time
import urllib.request
from collections.abc import AsyncGenerator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp

from gungnir.runtime.errors import KubeConfigError

REFRESH_MS: Final = 60_000
"""How often credentials that can change (token files, exec plugins, OIDC) are looked at again, as client-go does."""
LOAD_DEADLINE_MS: Final = 30_000
"""Longest wait for an exec plugin or an identity provider."""
_PACKAGE: Final = "kubernetes_asyncio"

_plugins: ContextVar[list[asyncio.subprocess.Process]] = ContextVar("plugins")
"""Exec plugins that the present load started."""


@dataclass(frozen=True, slots=True)
class _Library:
    configuration: Any
    rest: Any
    kube_config: Any
    incluster_config: Any
    config_error: type[Exception]


class _TrackedAsyncio:
    """Stands for ``asyncio`` in the library's exec provider, which forgets its child when it is cancelled."""

    def __getattr__(self, name: str) -> Any:
        return getattr(asyncio, name)

    @staticmethod
    async def create_subprocess_exec(*args: Any, **kwargs: Any) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(*args, **kwargs)
        _plugins.get().append(process)
        return process


@contextlib.asynccontextmanager
async def _bounded(deadline_ms: int) -> AsyncGenerator[None]:
    """Bound what loads credentials; no exec plugin outlives the block.

    Raises:
        TimeoutError: The deadline passed.
    """
    processes: list[asyncio.subprocess.Process] = []
    token = _plugins.set(processes)
    try:
        async with asyncio.timeout(deadline_ms / 1000):
            yield
    finally:
        _plugins.reset(token)
        for process in processes:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.communicate()


@cache
def _library() -> _Library:
    """Import the needed modules of kubernetes-asyncio without running its package initialisers.

    The initialisers stand aside only while this runs; a later ``import kubernetes_asyncio`` gets the whole package.
    """
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise KubeConfigError(f"the Python package {_PACKAGE} is not installed; install gungnir with its dependencies")
    root = Path(spec.submodule_search_locations[0])
    earlier = {name: sys.modules.pop(name) for name in list(sys.modules) if name.split(".")[0] == _PACKAGE}
    try:
        for name, path in (
            (_PACKAGE, root),
            (f"{_PACKAGE}.client", root / "client"),
            (f"{_PACKAGE}.config", root / "config"),
        ):
            bare = ModuleType(name)
            bare.__path__ = [str(path)]
            sys.modules[name] = bare
        configuration = importlib.import_module(f"{_PACKAGE}.client.configuration")
        client = sys.modules[f"{_PACKAGE}.client"]
        client.__dict__.update(Configuration=configuration.Configuration, ApiClient=object)
        exec_provider = importlib.import_module(f"{_PACKAGE}.config.exec_provider")
        exec_provider.__dict__["asyncio"] = _TrackedAsyncio()
        return _Library(
            configuration=configuration.Configuration,
            rest=importlib.import_module(f"{_PACKAGE}.client.rest"),
            kube_config=importlib.import_module(f"{_PACKAGE}.config.kube_config"),
            incluster_config=importlib.import_module(f"{_PACKAGE}.config.incluster_config"),
            config_error=importlib.import_module(f"{_PACKAGE}.config.config_exception").ConfigException,
        )
    finally:
        for name in [name for name in sys.modules if name.split(".")[0] == _PACKAGE]:
            del sys.modules[name]
        sys.modules.update(earlier)


@dataclass(slots=True)
class Auth:
    """The server's address and the current credentials.

    Attributes:
        configuration: kubernetes-asyncio's ``Configuration``, kept up to date.
        source: Where it came from, for messages: ``in-cluster`` or the kubeconfig's path.
        refresh_failure: Why the last refresh of the credentials failed; empty if it did not.
    """

    configuration: Any
    source: str
    _loader: Any = None
    refresh_failure: str = ""
    _refreshed_ms: int = field(default_factory=lambda: time.monotonic_ns() // 1_000_000)
    _refreshing: "asyncio.Task[None] | None" = None
    _rejected: bool = False

    @property
    def server(self) -> str:
        """Base URL of the API server, without a trailing slash."""
        return str(self.configuration.host).rstrip("/")

    async def headers(self) -> dict[str, str]:
        """Headers that authenticate the next request.

        Waits for a refresh only if the credentials were rejected; otherwise a due refresh runs beside the request, so
        that a slow plugin never delays a lease renewal whose token is still good.
        """
        if self._loader is not None:
            due = time.monotonic_ns() // 1_000_000 - self._refreshed_ms >= REFRESH_MS
            if (due or self._rejected) and (self._refreshing is None or self._refreshing.done()):
                self._refreshing = asyncio.get_running_loop().create_task(self._refresh())
            if self._rejected and self._refreshing is not None:
                await asyncio.shield(self._refreshing)
        token = await self.configuration.get_api_key_with_prefix("BearerToken")
        return {"Authorization": token.strip()} if token else {}

    def rejected(self) -> None:
        """Note that the server answered 401: the next request gets its credentials anew."""
        self._rejected = True

    async def aclose(self) -> None:
        """Stop a refresh that is under way."""
        if self._refreshing is not None:
            self._refreshing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._refreshing

    async def _refresh(self) -> None:
        self._refreshed_ms = time.monotonic_ns() // 1_000_000
        self._rejected = False
        self.refresh_failure = ""
        try:
            async with _bounded(LOAD_DEADLINE_MS):
                await self._loader.load_and_set(self.configuration)
        except Exception as exc:  # noqa: BLE001 - whatever a plugin or an identity provider does wrong
            # The old credentials stay: if they are still good, nothing is lost; if not, the server says 401, that error
            # carries this text, and the next request tries again.
            self.refresh_failure = str(exc) or type(exc).__name__


async def load_auth(
    kubeconfig: str = "", context: str = "", env: Mapping[str, str] | None = None, deadline_ms: int = LOAD_DEADLINE_MS
) -> Auth:
    """Find and read the credentials: the given kubeconfig, ``$KUBECONFIG``, in-cluster, ``~/.kube/config``.

    Args:
        kubeconfig: Path (or several, separated by ``:``) of a kubeconfig; empty to look for one.
        context: Context in the kubeconfig; empty for its current context.
        env: Environment; the process's own by default.
        deadline_ms: Longest wait for an exec plugin or an identity provider.

    Raises:
        KubeConfigError: Nothing usable was found; the text names what was tried.
    """
    env = os.environ if env is None else env
    path = kubeconfig or env.get("KUBECONFIG", "")
    library = _library()
    configuration = library.configuration()
    # client-go, and so kubectl, accepts certificates without the key identifiers that VERIFY_X509_STRICT demands.
    configuration.disable_strict_ssl_verification = True
    configuration.connection_pool_maxsize = (
        0  # no limit: watches hold connections, and a write must not queue behind them
    )
    if not path and env.get("KUBERNETES_SERVICE_HOST"):
        try:
            library.incluster_config.load_incluster_config(configuration, environ=env)
        except (library.config_error, OSError) as exc:
            raise KubeConfigError(
                f"in-cluster credentials: {exc}; mount a ServiceAccount token or pass --kubeconfig"
            ) from exc
        return Auth(configuration, "in-cluster")
    path = path or str(Path.home() / ".kube" / "config")
    found = _existing_files(path)
    if not found:
        raise KubeConfigError(f"kubeconfig: no file at {path!r}; pass --kubeconfig FILE, or run inside a cluster")
    try:
        async with _bounded(deadline_ms):
            loader = await library.kube_config.load_kube_config(
                config_file=os.pathsep.join(found), context=context or None, client_configuration=configuration
            )
    except TimeoutError as exc:
        raise KubeConfigError(
            f"kubeconfig {path}: no credentials within {deadline_ms} ms; check its exec plugin"
        ) from exc
    except (
        Exception
    ) as exc:  # the loader raises whatever its parsing meets: KeyError, TypeError, AssertionError, YAMLError
        raise KubeConfigError(
            f"kubeconfig {path}: {exc or type(exc).__name__}; check the file, its context and user"
        ) from exc
    if "server" not in loader._cluster:  # noqa: SLF001 - else the library silently talks to http://localhost
        raise KubeConfigError(f"kubeconfig {path}: clusters[].cluster.server is missing; give the API server's URL")
    return Auth(configuration, path, loader)


def _existing_files(path: str) -> list[str]:
    return [part for part in path.split(os.pathsep) if part and Path(part).expanduser().is_file()]


def open_connector(auth: Auth) -> tuple[aiohttp.BaseConnector, dict[str, Any]]:
    """A connection pool with the TLS settings of these credentials, and the arguments each request needs (proxy, SNI).

    Raises:
        KubeConfigError: A certificate or key cannot be read.
    """
    try:
        rest = _library().rest.RESTClientObject(auth.configuration)
    except OSError as exc:  # ssl.SSLError is one
        raise KubeConfigError(
            f"{auth.source}: certificate or key: {exc}; check the CA, client-certificate, client-key"
        ) from exc
    connector = rest.pool_manager.connector
    rest.pool_manager.detach()  # the library's session would look the proxy up in a thread for every request
    arguments: dict[str, Any] = {}
    if auth.configuration.tls_server_name:
        arguments["server_hostname"] = auth.configuration.tls_server_name
    if proxy := auth.configuration.proxy or _environment_proxy(auth.server):
        arguments["proxy"] = proxy
    return connector, arguments


def _environment_proxy(server: str) -> str | None:
    """The proxy that the environment asks for; none for a loopback address, as Go's net/http and so kubectl decide."""
    url = urlsplit(server)
    host = url.hostname or ""
    with contextlib.suppress(ValueError):
        if ipaddress.ip_address(host).is_loopback:
            return None
    if host == "localhost" or urllib.request.proxy_bypass(url.netloc):
        return None
    return urllib.request.getproxies_environment().get(url.scheme)
