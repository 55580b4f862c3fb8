"""The API server: what each request for an object does, atomically, by compare-and-swap on the resourceVersion."""

from gungnir.machines.requests import (
    ClearAnnotation,
    ClusterSeen,
    Conflict,
    GetCluster,
    GetService,
    GetTemplate,
    PutRecord,
    PutService,
    PutTemplate,
    Reply,
    Request,
    ServiceSeen,
    Stored,
    TemplateSeen,
)
from spec.world import Api, record_version, service_version, template_version

MUTATING = (PutRecord, PutService, PutTemplate, ClearAnnotation)


def serve(api: Api, request: Request) -> tuple[Api, Reply]:  # noqa: C901 - one case for each request
    """Carry out one request and return its reply.

    Raises:
        TypeError: a request that this world does not know.
    """
    match request:
        case GetCluster():
            return api, ClusterSeen(record_version(api.record), api.record)
        case GetService():
            return api, ServiceSeen(service_version(api), api.service_pod, api.service_epoch)
        case GetTemplate():
            return api, TemplateSeen(template_version(api), api.template)
        case PutRecord(version, record, _):
            if version != record_version(api.record):
                return api, Conflict()
            return api._replace(record=record), Stored(record_version(record))
        case PutService(version, pod, epoch):
            if version != service_version(api):
                return api, Conflict()
            api = api._replace(service_pod=pod, service_epoch=epoch)
            return api, Stored(service_version(api))
        case PutTemplate(version, epoch):
            if version != template_version(api):
                return api, Conflict()
            api = api._replace(template=epoch)
            return api, Stored(template_version(api))
        case ClearAnnotation(version, _):
            stored = version == record_version(api.record)
            return api, Stored(version) if stored else Conflict()
        case _:
            raise TypeError(f"the world's API server does not know {type(request).__name__}")
