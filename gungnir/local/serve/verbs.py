"""The resource requests: from an HTTP request to a verb of the registry and back."""

from typing import TYPE_CHECKING, Any

from aiohttp import web

from gungnir.local.deletion import DeleteOptions
from gungnir.local.errors import (
    INVALID,
    ApiError,
    BadRequestError,
    FieldError,
    NotFoundError,
    ServerTimeoutError,
    invalid,
)
from gungnir.local.kinds.catalog import Kind
from gungnir.local.registry import WriteOptions, parse_revision
from gungnir.local.serve import forms, list_options, subresources
from gungnir.local.serve.content import answer, body_of, integer, wanted_form
from gungnir.local.serve.routing import Target
from gungnir.local.serve.streams import stream_watch
from gungnir.local.store import Record

if TYPE_CHECKING:
    from gungnir.local.serve.app import ApiServer

Obj = dict[str, Any]


async def handle(server: "ApiServer", request: web.Request, target: Target) -> web.StreamResponse:
    """Answer a request on a resource.

    Raises:
        ApiError: The request was refused.
    """
    if target.subresource and target.subresource != "status":
        return await subresources.handle(server, request, target)
    if target.subresource == "status" and not target.kind.has_status:
        raise NotFoundError("the server could not find the requested resource")
    match target.verb:
        case "get":
            return _get(server, request, target)
        case "list":
            return _list(server, request, target)
        case "watch":
            return await stream_watch(server, request, target)
        case "create":
            return await _create(server, request, target)
        case "update":
            return await _update(server, request, target)
        case "patch":
            return await _patch(server, request, target)
        case "delete":
            return await _delete(server, request, target)
        case _:
            return await _delete_collection(server, request, target)


def qualified(kind: Kind) -> str:
    """Return the name by which the registry finds exactly this kind."""
    return f"{kind.plural}.{kind.group}" if kind.group else kind.plural


def _form(request: web.Request) -> tuple[str, str]:
    return wanted_form(request.headers.get("Accept", "")), request.query.get("includeObject", "Metadata")


def _get(server: "ApiServer", request: web.Request, target: Target) -> web.Response:
    record = server.registry.record(target.kind, target.namespace, target.name)
    return answer(forms.one(target.kind, record, *_form(request)))


def _selectors(request: web.Request, kind: Kind) -> dict[str, str]:
    list_options.check_fields(kind, request.query.get("fieldSelector", ""))
    return {
        "label_selector": request.query.get("labelSelector", ""),
        "field_selector": request.query.get("fieldSelector", ""),
    }


def _list(server: "ApiServer", request: web.Request, target: Target) -> web.Response:
    registry = server.registry
    list_options.check_match(request, watch=False)
    wanted = request.query.get("resourceVersion", "")
    if wanted and parse_revision(wanted) > registry.store.revision:
        cause = {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}
        raise ServerTimeoutError(
            f"Too large resource version: {wanted}, current: {registry.store.revision}",
            {"causes": [cause], "retryAfterSeconds": 1},
        )
    selectors, limit = _selectors(request, target.kind), integer(request, "limit")
    counted, token = not any(selectors.values()), request.query.get("continue", "")
    if token:
        page = server.pages.next(token, limit, counted=counted)
    else:
        records = registry.records(target.kind, target.namespace, **selectors)
        page = server.pages.first(records, registry.store.revision, limit, counted=counted)
    return answer(forms.many(target.kind, page.records, *_form(request), page.meta))


def _options(request: web.Request) -> WriteOptions:
    dry_run = request.query.getall("dryRun", [])
    if any(value not in {"All", ""} for value in dry_run):
        raise BadRequestError(f'dryRun: Unsupported value: {dry_run!r}: supported values: "All"')
    validation = request.query.get("fieldValidation") or "Warn"
    if validation not in {"Strict", "Warn", "Ignore"}:
        raise BadRequestError(
            f'fieldValidation: Unsupported value: {validation!r}: supported values: "Ignore", "Strict", "Warn"'
        )
    return WriteOptions(dry_run="All" in dry_run, field_validation=validation)


def _written(request: web.Request, target: Target, obj: Obj, options: WriteOptions, status: int = 200) -> web.Response:
    form, include = _form(request)
    if not form:
        return answer(obj, status, options.warnings)
    record = Record(("", "", ""), obj, 0)  # type: ignore[arg-type]  # only its object is printed
    return answer(forms.one(target.kind, record, form, include), status, options.warnings)


async def _create(server: "ApiServer", request: web.Request, target: Target) -> web.Response:
    if target.name:
        raise NotFoundError("the server could not find the requested resource")
    body, options = await body_of(request), _options(request)
    obj = server.registry.create(qualified(target.kind), body, namespace=target.namespace or None, options=options)
    return _written(request, target, obj, options, 201)


async def _update(server: "ApiServer", request: web.Request, target: Target) -> web.Response:
    body, options = await body_of(request), _options(request)
    obj = server.registry.update(
        qualified(target.kind),
        body,
        namespace=target.namespace or None,
        name=target.name,
        subresource=target.subresource or None,
        options=options,
    )
    return _written(request, target, obj, options, 201 if options.created else 200)


async def _patch(server: "ApiServer", request: web.Request, target: Target) -> web.Response:
    body, options = await body_of(request), _options(request)
    obj = server.registry.patch(
        qualified(target.kind),
        target.namespace,
        target.name,
        body,
        request.content_type,
        subresource=target.subresource or None,
        options=options,
    )
    return _written(request, target, obj, options)


async def delete_options(request: web.Request) -> DeleteOptions:
    """Return the options of a deletion, from its body or its query.

    Raises:
        BadRequestError: They cannot be read.
    """
    body = await body_of(request) or {}
    if not isinstance(body, dict):
        raise BadRequestError("the body of a deletion must be DeleteOptions")
    conditions = body.get("preconditions") or {}
    grace_s = body.get("gracePeriodSeconds", integer(request, "gracePeriodSeconds"))
    propagation = body.get("propagationPolicy") or request.query.get("propagationPolicy") or None
    if propagation is not None and body.get("orphanDependents") is not None:
        problem = "orphanDependents and deletionPropagation cannot be both set"
        raise invalid(
            "DeleteOptions", "meta.k8s.io", "", [FieldError(INVALID, "propagationPolicy", problem, propagation)]
        )
    if propagation is None and body.get("orphanDependents") is not None:
        propagation = "Orphan" if body["orphanDependents"] else "Background"
    if grace_s is not None and (not isinstance(grace_s, int) or grace_s < 0):
        raise BadRequestError(f"gracePeriodSeconds: Invalid value: {grace_s!r}: write seconds, 0 or more")
    return DeleteOptions(
        uid=conditions.get("uid"),
        resource_version=conditions.get("resourceVersion"),
        grace_period_seconds=grace_s,
        propagation=propagation,
        dry_run="All" in (body.get("dryRun") or []) or "All" in request.query.getall("dryRun", []),
    )


async def _delete(server: "ApiServer", request: web.Request, target: Target) -> web.Response:
    if target.subresource:
        raise ApiError("the server does not allow this method on the requested resource", code=405)
    options = await delete_options(request)
    result = server.registry.delete(
        qualified(target.kind),
        target.namespace,
        target.name,
        uid=options.uid,
        resource_version=options.resource_version,
        grace_period_seconds=options.grace_period_seconds,
        propagation=options.propagation,
        dry_run=options.dry_run,
    )
    return answer(result)


async def _delete_collection(server: "ApiServer", request: web.Request, target: Target) -> web.Response:
    options = await delete_options(request)
    deleted = server.registry.delete_collection(
        qualified(target.kind), target.namespace, **_selectors(request, target.kind), options=options
    )
    meta = {"resourceVersion": deleted.resource_version}
    kind = target.kind
    return answer({"kind": kind.list_kind, "apiVersion": kind.api_version, "metadata": meta, "items": deleted.items})
