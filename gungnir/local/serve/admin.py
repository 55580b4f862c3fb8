"""``/_gungnir/``: faults and the audit trail of a running server, for tests and the command line.

``GET /_gungnir/faults`` shows what is in force. ``POST`` adds a fault (see ``faults.Fault``), or acts:
``{"down": "refuse" | "hang" | "", "for_ms": 3000}``, ``{"watches": "silent" | "live" | "close" | "expire"}``.
``DELETE`` ends every fault, ``DELETE ?id=N`` one. ``GET /_gungnir/audit?since=T&userAgent=X&writes`` shows requests.
While the server refuses connections this endpoint does too: give ``for_ms``.
"""

from typing import TYPE_CHECKING, Any

from aiohttp import web

from gungnir.local.errors import ApiError, BadRequestError, MethodNotAllowedError, NotFoundError
from gungnir.local.serve.content import answer, body_of, error_answer, flag, integer

if TYPE_CHECKING:
    from gungnir.local.serve.app import ApiServer


async def handle_admin(server: "ApiServer", request: web.Request) -> web.Response:
    """Answer a request on ``/_gungnir/``; these are neither audited nor subject to faults."""
    try:
        if request.path == "/_gungnir/faults":
            return await _faults(server, request)
        if request.path == "/_gungnir/audit":
            return _audit(server, request)
        raise NotFoundError(f"{request.path}: use /_gungnir/faults or /_gungnir/audit")
    except ApiError as exc:
        return error_answer(exc)


async def _faults(server: "ApiServer", request: web.Request) -> web.Response:
    if request.method == "POST":
        body = await body_of(request)
        if not isinstance(body, dict):
            raise BadRequestError("the body must be an object: a fault, {down: ...} or {watches: ...}")
        await _change(server, body)
    elif request.method == "DELETE":
        number = integer(request, "id")
        if number is not None:
            server.faults.remove(number)
        else:
            server.faults.clear()
            await server.set_down("")
    elif request.method != "GET":
        raise MethodNotAllowedError("use GET, POST or DELETE")
    return answer(server.faults.as_json())


async def _change(server: "ApiServer", body: dict[str, Any]) -> None:
    if "down" in body:
        if body["down"] not in {"", "refuse", "hang"}:
            raise BadRequestError(f"down: Unsupported value: {body['down']!r}: use refuse, hang or an empty text")
        await server.set_down(body["down"], body.get("for_ms"))
    elif "watches" in body:
        match body["watches"]:
            case "silent":
                server.faults.watches_silent = True
            case "live":
                server.faults.watches_silent = False
            case "close":
                server.close_watches()
            case "expire":
                server.expire_watches()
            case other:
                raise BadRequestError(f"watches: Unsupported value: {other!r}: use silent, live, close or expire")
    else:
        server.faults.add(**body)


def _audit(server: "ApiServer", request: web.Request) -> web.Response:
    if request.method == "DELETE":
        server.audit.clear()
    try:
        since = float(request.query.get("since", "0"))
    except ValueError as exc:
        raise BadRequestError("since: write seconds since 1970") from exc
    return answer(
        server.audit.as_json(
            since=since, user_agent=request.query.get("userAgent", ""), writes_only=flag(request, "writes")
        )
    )
