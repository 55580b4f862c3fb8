"""Directed sequences for the comparisons of this folder, each named by what it holds, with a reply that it has.

Each is the shortest that tells some wrong version of the model from a server, or that told the two apart once
(the wrong versions: ``spec/mutants/catalogue/conformance.py``).
"""

from typing import Any, Final

from gungnir.machines.record import Kind, Stage
from gungnir.machines.requests import Outcome
from gungnir.machines.switchover import ANY
from gungnir.resources.inventory import OwnedKind

Step = tuple[Any, ...]
Seeds = dict[str, tuple[tuple[Step, ...], tuple[str, str]]]
ENDED: Final = Outcome(Kind.FAILOVER, "Completed", "c-0", "c-1", 1, "Exited", "longest", (("offset", "7"),))
READ: Final = (("read", 0, "cluster"), ("read", 1, "cluster"))
FENCE: Final = ("record", 0, 0, Stage.FENCING, None, "new")
DECISIONS: Final[Seeds] = {
    "a record is stored although somebody asked for something and took it back": (
        (READ[0], ("people", ANY), ("people", ""), FENCE),
        ("PutRecord", "Stored"),
    ),
    "a record is refused while somebody asks for something": (
        (READ[0], ("people", ANY), FENCE),
        ("PutRecord", "Conflict"),
    ),
    "a record is refused once a request was refused": (
        (("people", ANY), *READ, ("refuse", 1, 0), FENCE),
        ("PutRecord", "Conflict"),
    ),
    "a record is refused after one with an outcome": (
        (("people", ANY), *READ, ("record", 1, 0, None, ENDED, "new"), FENCE),
        ("PutRecord", "Conflict"),
    ),
    "a refusal is no refusal of the next request, in the same words": (
        (("people", ANY), READ[0], ("people", ""), ("people", ANY), ("refuse", 0, 0)),
        ("PutRecord", "Conflict"),
    ),
    "a refusal is not offered again when somebody put on a label": (
        (("people", ANY), READ[0], ("others", "cluster"), ("refuse", 0, 0)),
        ("PutRecord", "Conflict"),
    ),
    "a request that was answered is read until it is taken back": (
        (("people", ANY), READ[0], ("refuse", 0, 0), READ[1], ("clear", 1, 0), READ[0]),
        ("ClearAnnotation", "Stored"),
    ),
    "taking a request back answers nothing": (
        (("people", ANY), *READ, ("clear", 1, 0), ("people", ANY), FENCE),
        ("PutRecord", "Stored"),
    ),
    "a request is not taken back over another one": (
        (("people", ANY), READ[0], ("people", "c-1"), ("clear", 0, 0)),
        ("ClearAnnotation", "Conflict"),
    ),
    "filing a request answers nothing": (
        (*READ, ("file", 1, 0, "c-1", "new"), ("clear", 1, 0), FENCE),
        ("PutRecord", "Stored"),
    ),
    "a request is filed although somebody asked for something and took it back": (
        (READ[0], ("people", ANY), ("people", ""), ("file", 0, 0, "c-1", "new")),
        ("SetAnnotation", "Stored"),
    ),
    "a request is not filed over one that somebody made": (
        (READ[0], ("people", ANY), ("file", 0, 0, "c-1", "new")),
        ("SetAnnotation", "Conflict"),
    ),
    "what is asked for already is not written again": (
        (READ[0], ("file", 0, 0, "c-1", "new"), ("file", 0, 0, "c-1", "same")),
        ("SetAnnotation", "Stored"),
    ),
    "the same request for another epoch is another one": (
        (READ[0], ("file", 0, 0, "c-1", "new"), ("file", 0, 0, "c-1", "new"), READ[1]),
        ("SetAnnotation", "Stored"),
    ),
    "a person asks for any epoch": (
        (READ[0], ("file", 0, 0, "c-1", "new"), ("people", "c-2"), READ[0]),
        ("GetCluster", "ClusterSeen"),
    ),
    "the Service is not written over what another operator wrote": (
        (
            *(("read", who, "service") for who in range(2)),
            ("service", 1, 0, "c-1", "new"),
            ("service", 0, 0, "c-2", "new"),
        ),
        ("PutService", "Conflict"),
    ),
    "the Service is not written over a label": (
        (("read", 0, "service"), ("others", "service"), ("service", 0, 0, "c-2", "new")),
        ("PutService", "Conflict"),
    ),
    "the template is stored although its controller wrote the status": (
        (("read", 0, "template"), ("others", "template"), ("template", 0, 0, "new")),
        ("PutTemplate", "Stored"),
    ),
    "a template of a former epoch is stored, for nothing but its version counts": (
        (("read", 0, "template"), ("template", 0, 0, "new"), ("template", 0, 0, "former")),
        ("PutTemplate", "Stored"),
    ),
    "what is stored already keeps its version": (
        (
            *(("read", 0, what) for what in ("cluster", "service", "template")),
            FENCE,
            ("record", 0, 0, None, None, "same"),
            ("service", 0, 0, None, "same"),
            ("template", 0, 0, "same"),
        ),
        ("PutTemplate", "Stored"),
    ),
}

SERVICE: Final = OwnedKind.CLIENT_SERVICE.value
WORKLOAD: Final = OwnedKind.STATEFUL_SET.value
HELD: Final = (("create", 0, SERVICE), ("get", 0, SERVICE), ("remove slowly", SERVICE))
OBJECTS: Final[Seeds] = {
    "what is being deleted is not created anew": ((*HELD, ("create", 0, SERVICE)), ("CreateOwned", "AlreadyExists")),
    "what is being deleted is written, and stays so": (
        (*HELD, ("edit", SERVICE), ("get and update", 0, SERVICE)),
        ("UpdateOwned", "Stored"),
    ),
    "what is being deleted stays so for a person, and for a failover": (
        (*HELD, ("edit", SERVICE), ("failover", SERVICE), ("let go", SERVICE)),
        ("GetOwned", "OwnedSeen"),
    ),
    "a write on what was read before the deletion began is refused": (
        (*HELD, ("update", 0, SERVICE, 0)),
        ("UpdateOwned", "Conflict"),
    ),
    "a ValkeyCluster is read while it waits for its parts": (
        (*HELD, ("delete in foreground",), ("cluster", 0), ("let go", SERVICE), ("cluster", 0)),
        ("GetCluster", "NotFound"),
    ),
    "a summary of a ValkeyCluster that waits for its parts is refused": (
        (*HELD, ("summary", 0, "delete in foreground")),
        ("PutSummary", "Conflict"),
    ),
    "a write goes on from the version that the last one returned": (
        (
            ("create", 0, SERVICE),
            ("edit", SERVICE),
            ("get and update", 0, SERVICE),
            ("change",),
            ("update", 1, SERVICE, 0),
        ),
        ("UpdateOwned", "Stored"),
    ),
    "an update that changes nothing keeps the version": (
        (("create", 0, SERVICE), ("get and update", 0, SERVICE)),
        ("UpdateOwned", "Stored"),
    ),
    "an update of a Service that is gone is a conflict": (
        (("create", 0, SERVICE), ("get", 0, SERVICE), ("remove", SERVICE), ("update", 0, SERVICE, 0)),
        ("UpdateOwned", "Conflict"),
    ),
    "an update of another object that is gone is not found": (
        (("create", 0, WORKLOAD), ("get", 0, WORKLOAD), ("remove", WORKLOAD), ("update", 0, WORKLOAD, 0)),
        ("UpdateOwned", "NotFound"),
    ),
    "a version does not come back with an object that is made anew": (
        (
            ("create", 0, WORKLOAD),
            ("get", 0, WORKLOAD),
            ("remove", WORKLOAD),
            ("create", 0, WORKLOAD),
            ("update", 0, WORKLOAD, 1),
        ),
        ("UpdateOwned", "Conflict"),
    ),
    "an object has one controller": (
        (("foreign", SERVICE, "uid-other"), ("get and update", 0, SERVICE)),
        ("UpdateOwned", "Invalid"),
    ),
    "what somebody else made stays when the ValkeyCluster goes": (
        (("foreign", SERVICE, "uid-other"), ("foreign", WORKLOAD, ""), ("create", 0, SERVICE), ("delete",)),
        ("CreateOwned", "AlreadyExists"),
    ),
    "what was made for a former ValkeyCluster of the name goes": (
        (("create", 0, SERVICE), ("delete",), ("create",), ("create", 1, SERVICE), ("cluster", 1)),
        ("GetCluster", "NotFound"),
    ),
}

LEASES: Final[Seeds] = {
    "a renewal of a Lease that was deleted is a conflict": (
        (("create", 0), ("delete", 0), ("take", 0)),
        ("PutLease", "Conflict"),
    ),
    "a renewal of the Lease before is a conflict": (
        (("create", 0), ("delete", 0), ("create", 1), ("take", 0)),
        ("PutLease", "Conflict"),
    ),
    "a renewal of a Lease that another one took is a conflict": (
        (("create", 0), ("get", 1), ("take", 1), ("take", 0)),
        ("PutLease", "Conflict"),
    ),
    "each renewal can be told from the one before": (
        (("create", 0), ("get", 1), ("get", 1), ("take", 0), ("get", 1), ("take", 0), ("get", 1)),
        ("GetLease", "LeaseSeen"),
    ),
    "a Lease that was given back is there": (
        (("create", 0), ("give back", 0), ("get", 1), ("create", 1), ("take", 1), ("get", 0)),
        ("CreateLease", "AlreadyExists"),
    ),
}
