"""Wrong versions of the world of owned objects: the comparison with ``gungnir local`` finds them."""

from typing import Final

from spec.mutants import Mutant, Of
from spec.mutants.catalogue.conformance import compared

_owned = Of("spec.environment.owned")
OBJECTS: Final = compared("objects")

MUTANTS: Final[tuple[Mutant, ...]] = (
    _owned(
        "model: a ValkeyCluster of the same name is taken for the one before",
        "A ValkeyCluster is known by its uid.",
        "if present is None or present.uid != cluster.uid:",
        "if present is None:",
        OBJECTS,
    ),
    _owned(
        "model: a ValkeyCluster that is deleted looks as any",
        "It is read that a ValkeyCluster is being deleted.",
        "Record(present.epoch), deleting=present.deleting)",
        "Record(present.epoch))",
        OBJECTS,
    ),
    _owned(
        "model: a summary is written over any version",
        "A summary is stored only over the version that was read.",
        "if _version(world.cluster) == version else Conflict()",
        "if True else Conflict()",
        OBJECTS,
    ),
    _owned(
        "model: a summary of a ValkeyCluster that is gone is a conflict",
        "The status of what is gone is not found.",
        "case PutSummary(version):\n            if world.cluster is None:\n                return world, NotFound()",
        "case PutSummary(version):\n            if world.cluster is None:\n                return world, Conflict()",
        OBJECTS,
    ),
    _owned(
        "model: every object is ours",
        "An object is ours if its controller is our ValkeyCluster.",
        "ours = owner(live.content, cluster.uid) is Ownership.OURS\n",
        "ours = True\n",
        OBJECTS,
    ),
    _owned(
        "model: an object of nobody is ours",
        "An object without a controller is not ours.",
        "ours = owner(live.content, cluster.uid) is Ownership.OURS\n",
        "ours = owner(live.content, cluster.uid) is not Ownership.FOREIGN\n",
        OBJECTS,
    ),
    _owned(
        "model: drift is what differs from the newest spec",
        "An operator compares with the spec that it knows.",
        "drift = ours and drifted(kind, cluster, live.content)",
        "drift = ours and drifted(kind, world.cluster or cluster, live.content)",
        OBJECTS,
    ),
    _owned(
        "model: an object that is deleted looks as any",
        "It is read that an object is being deleted.",
        'OwnedSeen(Version(f"v{live.serial}"), ours, live.deleting, drift, epoch)',
        'OwnedSeen(Version(f"v{live.serial}"), ours, False, drift, epoch)',
        OBJECTS,
    ),
    _owned(
        "model: creating overwrites",
        "What is there already is not created.",
        "    if world.at(kind) is not None:\n        return world, AlreadyExists()\n",
        "",
        OBJECTS,
    ),
    _owned(
        "model: what is being deleted can be created anew",
        "A name is taken until its object is gone.",
        "    if world.at(kind) is not None:\n        return",
        "    if world.at(kind) is not None and not getattr(world.at(kind), 'deleting', False):\n        return",
        OBJECTS,
    ),
    _owned(
        "model: an object of somebody else is created over",
        "A name is taken, whoever has it.",
        "    if world.at(kind) is not None:\n        return",
        (
            "    live = world.at(kind)\n"
            "    if live is not None and owner(live.content, cluster.uid) is Ownership.OURS:\n"
            "        return"
        ),
        OBJECTS,
    ),
    _owned(
        "model: a Service that is gone is not found by an update",
        "A PUT of a Service that is gone names another uid, which is a conflict.",
        "return world, Conflict() if kind in SERVICES else NotFound()",
        "return world, NotFound()",
        OBJECTS,
    ),
    _owned(
        "model: whatever is gone is a conflict for an update",
        "A PUT of what is gone is not found.",
        "return world, Conflict() if kind in SERVICES else NotFound()",
        "return world, Conflict()",
        OBJECTS,
    ),
    _owned(
        "model: an update makes what is gone",
        "A PUT makes nothing that somebody removed.",
        "        return world, Conflict() if kind in SERVICES else NotFound()\n",
        "        return _created(world, cluster, kind)\n",
        OBJECTS,
    ),
    _owned(
        "model: an update overwrites any version",
        "An update is stored only over the version that was read.",
        '    if version != f"v{live.serial}":\n',
        "    if False:\n",
        OBJECTS,
    ),
    _owned(
        "model: the version of an object that is gone comes back",
        "No version comes back with an object that is made anew.",
        "index, serial = self.kinds.index(kind), self.serial + 1\n",
        (
            "index = self.kinds.index(kind)\n"
            "        serial = 0 if content is None or self.objects[index] is None else self.serial + 1\n"
        ),
        OBJECTS,
    ),
    _owned(
        "model: an update that changes nothing moves the version",
        "A PUT that changes nothing keeps the version.",
        "    if written == live.content:  # A PUT that changes nothing keeps the version.\n",
        "    if False:\n",
        OBJECTS,
    ),
    _owned(
        "model: an update adds a controller",
        "An object has one controller.",
        "    if owner(written, cluster.uid) is not Ownership.OURS:\n",
        "    if False:\n",
        OBJECTS,
    ),
    _owned(
        "model: an object of somebody else is a conflict for an update",
        "A second controller is refused as invalid.",
        'return world, Invalid("an object has one controller")',
        "return world, Conflict()",
        OBJECTS,
    ),
    _owned(
        "model: an update brings back what is being deleted",
        "What is being deleted stays so when it is written.",
        "with_object(kind, written, deleting=live.deleting)",
        "with_object(kind, written)",
        OBJECTS,
    ),
    _owned(
        "model: an update is refused where an object is being deleted",
        "What is being deleted can be written.",
        '    if version != f"v{live.serial}":\n',
        '    if version != f"v{live.serial}" or live.deleting:\n',
        OBJECTS,
    ),
    _owned(
        "model: an update writes what it would create",
        "An update leaves what others wrote.",
        "    written = merged(kind, cluster, live.content)\n",
        "    written = desired(kind, cluster)\n",
        OBJECTS,
    ),
    _owned(
        "model: an update returns the version that was read",
        "A write returns the version that it made.",
        (
            "    world = world.with_object(kind, written, deleting=live.deleting)\n"
            '    return world, Stored(Version(f"v{world.serial}"))'
        ),
        ("    world = world.with_object(kind, written, deleting=live.deleting)\n    return world, Stored(version)"),
        OBJECTS,
    ),
    _owned(
        "model: an edit brings back what is being deleted",
        "What is being deleted stays so when somebody edits it.",
        "edited(owned.content), deleting=owned.deleting)",
        "edited(owned.content))",
        OBJECTS,
    ),
    _owned(
        "model: a failover brings back what is being deleted",
        "What is being deleted stays so when a failover writes it.",
        "with_object(kind, moved, deleting=owned.deleting)",
        "with_object(kind, moved)",
        OBJECTS,
    ),
    _owned(
        "model: whoever removes an object slowly removes it",
        "An object that somebody holds stays until that is over.",
        "world.with_object(kind, owned.content, deleting=True)",
        "world.with_object(kind, None)",
        OBJECTS,
    ),
    _owned(
        "model: deletion in the foreground is in the background",
        "A ValkeyCluster that is deleted in the foreground stays until its parts are gone.",
        "return world._replace(cluster=present._replace(deleting=True))",
        "return world._replace(cluster=None)",
        OBJECTS,
    ),
    _owned(
        "model: objects of nobody are collected",
        "What names no owner is not collected.",
        "if owned.deleting or (uids and alive not in uids):",
        "if owned.deleting or alive not in uids:",
        OBJECTS,
    ),
    _owned(
        "model: objects of a former ValkeyCluster stay while there is another",
        "An object goes with its owner, whatever has the owner's name now.",
        "if owned.deleting or (uids and alive not in uids):",
        "if owned.deleting or (uids and not alive):",
        OBJECTS,
    ),
    _owned(
        "model: objects of somebody else are collected with the ValkeyCluster",
        "What is not ours does not go with our ValkeyCluster.",
        'if reference["kind"] != "Other"}',
        "if True}",
        OBJECTS,
    ),
    _owned(
        "model: a ValkeyCluster that waits for its parts keeps them",
        "Deletion in the foreground removes the parts first.",
        'alive = present.uid if present is not None and not present.deleting else ""',
        'alive = present.uid if present is not None else ""',
        OBJECTS,
    ),
    _owned(
        "model: a ValkeyCluster is gone before its parts",
        "Deletion in the foreground waits for the parts.",
        "present.deleting and not left:",
        "present.deleting:",
        OBJECTS,
    ),
    _owned(
        "model: a ValkeyCluster waits for the parts of others",
        "Deletion in the foreground waits for its own parts only.",
        "        left += present is not None and present.uid in uids\n",
        "        left += 1\n",
        OBJECTS,
    ),
    _owned(
        "model: nothing is ever collected",
        "What belongs to a ValkeyCluster that is gone is removed.",
        "if owned.deleting or (uids and alive not in uids):",
        "if owned.deleting:",
        OBJECTS,
    ),
)
