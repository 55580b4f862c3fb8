"""Wrong versions of the API server of the worlds: the comparison with ``gungnir local``, step by step, finds them.

The real one would, too (``make test-kube``); here it is left out, so that the verdict is the same everywhere.
"""

from typing import Final

from spec.mutants import Killer, Mutant, Of

_api = Of("spec.environment.api_server")
_lease = Of("spec.environment.lease")
_people = Of("spec.environment.people")


def compared(what: str) -> Killer:
    """Return a killer: the comparison with the local API server of what is asked for."""
    return Killer(tests=f"tests/kube/model/test_model_of_{what}.py -k local")


DECISIONS: Final = compared("decisions")
LEASES: Final = compared("lease")

_OF_DECISIONS: Final = (
    _api(
        "model: a record that nothing undid is not offered again",
        "A record is stored although somebody asked for something and took it back.",
        "            if version != cluster_version(api) and not (attended and not refused and",
        "            if version != cluster_version(api) and not (False and not refused and",
        DECISIONS,
    ),
    _api(
        "model: a refusal is offered again",
        "A refusal answers one request, and stays with its version.",
        "not (attended and not refused and ground_of(version)",
        "not (attended and ground_of(version)",
        DECISIONS,
    ),
    _api(
        "model: any record is stored",
        "A record is stored only over the version that was read.",
        "            if version != cluster_version(api) and not (attended and not refused and",
        "            if False and not (attended and not refused and",
        DECISIONS,
    ),
    _api(
        "model: a refusal answers nothing",
        "A request that was refused in the status is answered.",
        "answered=api.asked.number) if refused",
        "answered=api.asked.answered) if refused",
        DECISIONS,
    ),
    _api(
        "model: any record answers the request",
        "Only a refusal answers a request in the status.",
        "if refused else api.asked\n",
        "if outcome is not None else api.asked\n",
        DECISIONS,
    ),
    _api(
        "model: storing a record returns the version that was read",
        "A write returns the version that it made.",
        "api = api._replace(record=record, asked=asked)\n            return api, Stored(cluster_version(api))",
        "api = api._replace(record=record, asked=asked)\n            return api, Stored(version)",
        DECISIONS,
    ),
    _api(
        "model: the Service is written over any version",
        "A Service is stored only over the version that was read.",
        "if version != service_version(api):",
        "if False:",
        DECISIONS,
    ),
    _api(
        "model: the Service keeps its epoch",
        "A write of the Service stores the epoch, too.",
        "service_pod=pod, service_epoch=epoch)",
        "service_pod=pod)",
        DECISIONS,
    ),
    _api(
        "model: the Service keeps its pod",
        "A write of the Service stores whom it leads to.",
        "service_pod=pod, service_epoch=epoch)",
        "service_epoch=epoch)",
        DECISIONS,
    ),
    _api(
        "model: writing the Service returns the version that was read",
        "A write returns the version that it made.",
        "return api, Stored(service_version(api))",
        "return api, Stored(version)",
        DECISIONS,
    ),
    _api(
        "model: the template is written over any version",
        "A template is stored only over the version that was read.",
        "if version != template_version(api):",
        "if False:",
        DECISIONS,
    ),
    _api(
        "model: the template is written into an older one only",
        "Whether a template is stored is decided by its version alone.",
        "if version != template_version(api):",
        "if version != template_version(api) or epoch < api.template:",
        DECISIONS,
    ),
    _api(
        "model: writing the template returns the version that was read",
        "A write returns the version that it made.",
        "return api, Stored(template_version(api))",
        "return api, Stored(version)",
        DECISIONS,
    ),
    _api(
        "model: a request is cleared over any version",
        "A request is taken back only over the version that was read.",
        "case ClearAnnotation(version, _):\n            if version != cluster_version(api):",
        "case ClearAnnotation(version, _):\n            if False:",
        DECISIONS,
    ),
    _api(
        "model: a request that is cleared is answered",
        "Taking a request back answers nothing.",
        'asked=api.asked._replace(wanted=""))',
        'asked=api.asked._replace(wanted="", answered=api.asked.number))',
        DECISIONS,
    ),
    _api(
        "model: clearing leaves the request",
        "A request that was cleared is gone.",
        'asked=api.asked._replace(wanted=""))',
        "asked=api.asked._replace(epoch=0))",
        DECISIONS,
    ),
    _api(
        "model: a request is filed over any version",
        "A request is filed only over what it rests on.",
        "            if version != cluster_version(api) and not (attended and ground_of(version) == ground(api)):",
        "            if False:",
        DECISIONS,
    ),
    _api(
        "model: a request that nothing undid is not offered again",
        "A request is filed although somebody asked for something and took it back.",
        "            if version != cluster_version(api) and not (attended and ground_of(version) == ground(api)):",
        "            if version != cluster_version(api):",
        DECISIONS,
    ),
    _api(
        "model: what is asked for already is another request",
        "Filing what is there already writes nothing.",
        "if (wanted, epoch) != (api.asked.wanted, api.asked.epoch):",
        "if True:",
        DECISIONS,
    ),
    _api(
        "model: a request of the same words for another epoch is the same",
        "A request is for one epoch.",
        "if (wanted, epoch) != (api.asked.wanted, api.asked.epoch):",
        "if wanted != api.asked.wanted:",
        DECISIONS,
    ),
    _api(
        "model: a request that is filed is for any epoch",
        "A request that an operator files is for one epoch.",
        "Asked(api.asked.number + 1, wanted, api.asked.answered, epoch))",
        "Asked(api.asked.number + 1, wanted, api.asked.answered, 0))",
        DECISIONS,
    ),
    _api(
        "model: a request that is filed counts as answered",
        "Filing a request answers nothing.",
        "Asked(api.asked.number + 1, wanted, api.asked.answered, epoch))",
        "Asked(api.asked.number + 1, wanted, api.asked.number + 1, epoch))",
        DECISIONS,
    ),
    _api(
        "model: a request that is filed is read as one for any epoch",
        "The epoch of a request is read with it.",
        "switchover_epoch=asked.epoch if asked.wanted else 0",
        "switchover_epoch=0",
        DECISIONS,
    ),
    _api(
        "model: a request that was answered is not read any more",
        "A request stays until somebody takes it back, answered or not.",
        "api.record, asked.wanted,",
        'api.record, asked.wanted if asked.answered != asked.number else "",',
        DECISIONS,
    ),
    _people(
        "model: whoever asks is answered",
        "A request is not answered by asking.",
        "Asked(api.asked.number + bool(wanted), wanted, api.asked.answered)",
        "Asked(api.asked.number + bool(wanted), wanted, api.asked.number + bool(wanted))",
        DECISIONS,
    ),
    _people(
        "model: a person asks for the epoch of the request before",
        "A person asks for any epoch.",
        "wanted, api.asked.answered)",
        "wanted, api.asked.answered, api.asked.epoch)",
        DECISIONS,
    ),
    _people(
        "model: asking again in the same words is no other request",
        "Each request of a person is another one.",
        "Asked(api.asked.number + bool(wanted), wanted",
        "Asked(api.asked.number, wanted",
        DECISIONS,
    ),
    _api(
        "model: a write of the Service that is refused is told as done",
        "A write over another version is a conflict.",
        "if version != service_version(api):\n                return api, Conflict()",
        "if version != service_version(api):\n                return api, Stored(version)",
        DECISIONS,
    ),
)

_OF_LEASES: Final = (
    _lease(
        "model: a Lease is written over any version",
        "A Lease is stored only over the version that was read.",
        "if version == stored.version else (world, Conflict())",
        "if True else (world, Conflict())",
        LEASES,
    ),
    _lease(
        "model: a Lease that is gone is made by a renewal",
        "A PUT makes no Lease that somebody deleted.",
        (
            "        case PutLease():\n"
            "            # A PUT makes a Lease that is not there, but not of a body with the uid of one that is gone.\n"
            "            return world, Conflict()"
        ),
        '        case PutLease(_, holder, _):\n            return _stored(world, identity if holder else "")',
        LEASES,
    ),
    _lease(
        "model: a Lease that is gone is not found by a renewal",
        "A PUT of a Lease that is gone names another uid, which is a conflict.",
        (
            "        case PutLease():\n"
            "            # A PUT makes a Lease that is not there, but not of a body with the uid of one that is gone.\n"
            "            return world, Conflict()"
        ),
        "        case PutLease():\n            return world, NotFound()",
        LEASES,
    ),
    _lease(
        "model: creating overwrites a Lease",
        "A Lease that is there is not created.",
        "        case CreateLease() if stored is not None:\n            return world, AlreadyExists()\n",
        "",
        LEASES,
    ),
    _lease(
        "model: a Lease that nobody holds is created anew",
        "A Lease that was given back is there.",
        "        case CreateLease() if stored is not None:",
        "        case CreateLease() if stored is not None and stored.holder:",
        LEASES,
    ),
    _lease(
        "model: a Lease that is given back keeps its holder",
        "A Lease that was given back has no holder.",
        'return _stored(world, identity if holder else "") if version',
        "return _stored(world, identity if holder else stored.holder) if version",
        LEASES,
    ),
    _lease(
        "model: a Lease that is created has no holder",
        "Who creates a Lease holds it.",
        "        case CreateLease():\n            return _stored(world, identity)",
        '        case CreateLease():\n            return _stored(world, "")',
        LEASES,
    ),
    _lease(
        "model: the version of a Lease that is gone comes back",
        "No version comes back with a Lease that is made anew.",
        'version = f"v{1 + max(named if world.lease is None else [',
        'version = f"v{1 + max([0] if world.lease is None else [',
        LEASES,
    ),
    _lease(
        "model: a renewal by the same holder keeps the version",
        "Every renewal moves the version.",
        "return world._replace(lease=Lease(version, holder)), Stored(Version(version))",
        (
            "if world.lease is not None and world.lease.holder == holder:\n"
            "        return world, Stored(Version(world.lease.version))\n"
            "    return world._replace(lease=Lease(version, holder)), Stored(Version(version))"
        ),
        LEASES,
    ),
    _lease(
        "model: every renewal has the same stamp",
        "A renewal can be told from the one before.",
        "LeaseSeen(version, stored.holder, stored.version, clocks",
        'LeaseSeen(version, stored.holder, "stamp", clocks',
        LEASES,
    ),
    _lease(
        "model: the stamp is that of the holder",
        "A renewal by the same holder can be told from the one before.",
        "LeaseSeen(version, stored.holder, stored.version, clocks",
        "LeaseSeen(version, stored.holder, stored.holder, clocks",
        LEASES,
    ),
    _lease(
        "model: a Lease lasts for no time",
        "The Lease says how long it lasts.",
        "stored.version, clocks.times.duration_ms, 0)",
        "stored.version, 0, 0)",
        LEASES,
    ),
    _lease(
        "model: a Lease that nobody holds is not found",
        "A Lease that was given back is there.",
        "        case GetLease() if stored is not None:",
        "        case GetLease() if stored is not None and stored.holder:",
        LEASES,
    ),
)

MUTANTS: Final[tuple[Mutant, ...]] = (*_OF_DECISIONS, *_OF_LEASES)
