"""Bodies and media types: what a client sent and what it wants back."""

import json
from typing import Any, Final

import yaml
from aiohttp import web

from gungnir.local.errors import ApiError, BadRequestError, UnsupportedMediaTypeError
from gungnir.local.serve import protobuf

Obj = dict[str, Any]
JSON: Final = "application/json"
_YAML: Final = frozenset({"application/yaml", "text/yaml", "application/x-yaml"})


def dumps(value: Any) -> bytes:
    """Return a value as compact JSON."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def answer(value: Any, status: int = 200, warnings: list[str] | None = None) -> web.Response:
    """Return a JSON answer; bytes are JSON already."""
    body = value if isinstance(value, bytes) else dumps(value)
    response = web.Response(body=body, status=status, content_type=JSON)
    for warning in warnings or []:
        text = warning.replace("\\", "\\\\").replace('"', '\\"')
        response.headers.add("Warning", f'299 - "{text}"')
    return response


def error_answer(error: ApiError, retry_after_s: int = 0) -> web.Response:
    """Return an error as its ``Status``."""
    body = error.status()
    if retry_after_s:
        body.setdefault("details", {})["retryAfterSeconds"] = retry_after_s
    response = answer(body, error.http_code)
    if retry_after_s:
        response.headers["Retry-After"] = str(retry_after_s)
    return response


async def body_of(request: web.Request) -> Any:
    """Return the JSON or YAML body of a request; None if it is empty.

    Raises:
        BadRequestError: It cannot be read.
        UnsupportedMediaTypeError: It is in a format that is not served, such as protobuf.
    """
    raw = await request.read()
    if not raw:
        return None
    media_type = request.content_type
    if media_type == protobuf.MEDIA_TYPE:
        return protobuf.decode(raw)
    if media_type in _YAML or media_type == "application/apply-patch+yaml":
        try:
            return yaml.safe_load(raw)
        except yaml.YAMLError as exc:
            raise BadRequestError(f"the body of the request is no YAML: {exc}") from exc
    if not (media_type == JSON or media_type.endswith("+json") or media_type == "application/octet-stream"):
        raise UnsupportedMediaTypeError(
            f"the body of the request was in an unknown format ({media_type}) - accepted media types include: "
            "application/json, application/yaml"
        )
    try:
        return json.loads(raw)
    except ValueError as exc:
        raise BadRequestError(f"the body of the request is no JSON: {exc}") from exc


def wanted_form(accept: str) -> str:
    """Return ``Table``, ``PartialObjectMetadata``, ``PartialObjectMetadataList`` or, for the object itself, nothing.

    The first media type that is served decides, as in content negotiation of the API server.
    """
    for entry in accept.split(","):
        media_type, *parameters = [part.strip() for part in entry.split(";")]
        if media_type not in {JSON, "*/*", "application/*"}:
            continue
        values = dict(p.split("=", 1) for p in parameters if "=" in p)
        form = values.get("as", "")
        if not form:
            return ""
        if form in {"Table", "PartialObjectMetadata", "PartialObjectMetadataList"} and values.get("v") == "v1":
            return form
    return ""


def flag(request: web.Request, name: str) -> bool:
    """Return a boolean query parameter; its presence alone means true."""
    return name in request.query and request.query[name].lower() not in {"false", "0"}


def integer(request: web.Request, name: str) -> int | None:
    """Return an integer query parameter, or None.

    Raises:
        BadRequestError: It is no integer.
    """
    text = request.query.get(name, "")
    if not text:
        return None
    try:
        return int(text)
    except ValueError as exc:
        raise BadRequestError(f"{name}: Invalid value: {text!r}: write an integer") from exc
