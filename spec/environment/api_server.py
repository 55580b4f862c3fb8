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
    SetAnnotation,
    Stored,
    TemplateSeen,
)
from gungnir.machines.switchover import REJECTED, request_of
from spec.world import Api, Asked, cluster_version, ground, ground_of, service_version, template_version

MUTATING = (PutRecord, PutService, PutTemplate, ClearAnnotation, SetAnnotation)


def serve(api: Api, request: Request, *, attended: bool = False) -> tuple[Api, Reply]:  # noqa: C901, PLR0911, PLR0912 - one case for each request
    """Carry out one request and return its reply.

    Args:
        api: What is stored.
        request: What is asked for.
        attended: Its sender is there, and offers again what was refused although all that it rests on is as it was: a
            record or a request of its own, after somebody asked for something and took that back.

    Raises:
        TypeError: a request that this world does not know.
    """
    match request:
        case GetCluster():
            asked = api.asked
            return api, ClusterSeen(
                cluster_version(api), api.record, asked.wanted, switchover_epoch=asked.epoch if asked.wanted else 0
            )
        case GetService():
            return api, ServiceSeen(service_version(api), api.service_pod, api.service_epoch)
        case GetTemplate():
            return api, TemplateSeen(template_version(api), api.template)
        case PutRecord(version, record, outcome):
            refused = outcome is not None and outcome.result == REJECTED
            if version != cluster_version(api) and not (attended and not refused and ground_of(version) == ground(api)):
                return api, Conflict()
            asked = api.asked._replace(answered=api.asked.number) if refused else api.asked
            api = api._replace(record=record, asked=asked)
            return api, Stored(cluster_version(api))
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
            if version != cluster_version(api):
                return api, Conflict()
            if api.asked.wanted:
                api = api._replace(asked=api.asked._replace(wanted=""))
            return api, Stored(cluster_version(api))
        case SetAnnotation(version, _, value):
            if version != cluster_version(api) and not (attended and ground_of(version) == ground(api)):
                return api, Conflict()
            wanted, epoch = request_of(value)
            if (wanted, epoch) != (api.asked.wanted, api.asked.epoch):
                api = api._replace(asked=Asked(api.asked.number + 1, wanted, api.asked.answered, epoch))
            return api, Stored(cluster_version(api))
        case _:
            raise TypeError(f"the world's API server does not know {type(request).__name__}")
