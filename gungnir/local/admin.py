"""The admin endpoint of a local cluster, beside its API server: ``/_gungnir/cluster``.

``GET /_gungnir/cluster`` shows everything. ``POST /_gungnir/cluster/ACTION`` with a JSON object acts, and answers what
``GET`` shows afterwards:

- ``kill``, ``hang``, ``resume``, ``wipe``: ``{"pod"}``
- ``cut``: ``{"a", "b", "one_way"}``; ``heal``: ``{"a", "b", "resume"}``, all of them optional
- ``delay``: ``{"a", "b", "delay_ms"}``; ``flap``: ``{"a", "b", "up_ms", "down_ms"}``
- ``restart-delay``: ``{"delay_ms"}``; ``stop``: ``{}``
"""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from gungnir.errors import UserError
from gungnir.local.errors import BadRequestError, NotFoundError
from gungnir.local.serve.app import ApiServer
from gungnir.local.serve.content import answer, body_of, error_answer

if TYPE_CHECKING:
    from gungnir.local.cluster import LocalCluster

Body = dict[str, Any]

PATH: Final = "/_gungnir/cluster"


class ClusterApiServer(ApiServer):
    """The API server with the admin endpoint of the cluster around it."""

    def __init__(self, cluster: "LocalCluster", *, host: str, port: int) -> None:
        """Serve the registry of ``cluster`` at ``host``."""
        super().__init__(cluster.registry, host=host, port=port)
        self._cluster = cluster

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        if request.path != PATH and not request.path.startswith(f"{PATH}/"):
            return await super()._serve(request)
        try:
            if request.method == "GET" and request.path == PATH:
                return answer(self._cluster.describe())
            if request.method != "POST":
                return error_answer(NotFoundError(f"use GET {PATH} or POST {PATH}/ACTION"))
            body = await body_of(request)
            await act(self._cluster, request.path.removeprefix(f"{PATH}/"), body if isinstance(body, dict) else {})
        except UserError as exc:
            return error_answer(BadRequestError(str(exc)))
        except BadRequestError as exc:
            return error_answer(exc)
        return answer(self._cluster.describe())


async def act(cluster: "LocalCluster", action: str, body: Body) -> None:
    """Carry out one action.

    Raises:
        UserError: The action does not exist, a field is missing, or it names something that does not exist.
    """
    if action not in _ACTIONS:
        raise UserError(f"action {action!r}: unknown; use one of {', '.join(sorted(_ACTIONS))}")
    try:
        await _ACTIONS[action](cluster, body)
    except KeyError as exc:
        raise UserError(f"action {action}: field {exc} is missing") from exc
    except ValueError as exc:
        raise UserError(f"action {action}: {exc}; write a whole number of ms") from exc


async def _kill(cluster: "LocalCluster", body: Body) -> None:
    await cluster.kill(str(body["pod"]))


async def _hang(cluster: "LocalCluster", body: Body) -> None:
    await cluster.hang(str(body["pod"]))


async def _resume(cluster: "LocalCluster", body: Body) -> None:
    await cluster.resume(str(body["pod"]))


async def _wipe(cluster: "LocalCluster", body: Body) -> None:
    cluster.wipe(str(body["pod"]))


async def _cut(cluster: "LocalCluster", body: Body) -> None:
    await cluster.cut(str(body["a"]), str(body["b"]), one_way=bool(body.get("one_way")))


async def _heal(cluster: "LocalCluster", body: Body) -> None:
    await cluster.heal(body.get("a"), body.get("b"), resume=bool(body.get("resume")))


async def _delay(cluster: "LocalCluster", body: Body) -> None:
    await cluster.network.delay(str(body["a"]), str(body["b"]), int(body["delay_ms"]))


async def _flap(cluster: "LocalCluster", body: Body) -> None:
    await cluster.network.flap(str(body["a"]), str(body["b"]), int(body["up_ms"]), int(body["down_ms"]))


async def _restart_delay(cluster: "LocalCluster", body: Body) -> None:
    cluster.restart_delay_ms = int(body["delay_ms"])


async def _stop(cluster: "LocalCluster", _body: Body) -> None:
    cluster.stop_requested.set()


_ACTIONS: Final[dict[str, Callable[["LocalCluster", Body], Awaitable[None]]]] = {
    "kill": _kill,
    "hang": _hang,
    "resume": _resume,
    "wipe": _wipe,
    "cut": _cut,
    "heal": _heal,
    "delay": _delay,
    "flap": _flap,
    "restart-delay": _restart_delay,
    "stop": _stop,
}
