"""The pod: one valkey-server, told everything by arguments, started as a replica of nobody.

Theory of operation: the container runs valkey-server itself; no script chooses a role, an address or a peer. What
differs between pods is filled in by the node (``$(POD_IP)``). Before it, an init container puts the first ACL file on
the volume, only if none is there: a file that is there carries the fence of the last epoch this pod took part in.
Names of users of an earlier cluster's file go into it as marks, and that file is deleted.

Pod Security level "restricted" (https://kubernetes.io/docs/concepts/security/pod-security-standards/).
"""

from typing import Final

from gungnir.api import names
from gungnir.resources.conf import FILE_NAME, config_hash
from gungnir.resources.credentials import acl_lines
from gungnir.resources.epoch import EPOCH
from gungnir.resources.fence import FORMER, TORN
from gungnir.resources.inputs import BuildInputs
from gungnir.resources.labels import cluster_uid, pod_annotations, pod_labels
from gungnir.resources.manifest import Manifest
from gungnir.resources.ports import PORT_NAME
from gungnir.resources.scheduling import scheduling
from gungnir.resources.secret import DEFAULT_ACL

INIT_CONTAINER: Final = "acl"
OPERATOR_USERS: Final = "OPERATOR_USERS"
"""Variable of the init container: the ACL lines of the epoch's users. Holds hashes of passwords, no password."""

DATA_DIR: Final = "/data"
ACL_PREFIX: Final = "gungnir-"
CONFIG_DIR: Final = "/etc/valkey"
SECRET_DIR: Final = "/etc/gungnir"  # noqa: S105 - a mount point
USER_ID: Final = 999
"""uid of the user ``valkey`` in the official images; any image whose files are readable by all works with it."""
TERMINATION_GRACE_S: Final = 60
"""Seconds from SIGTERM to SIGKILL: valkey-server waits up to 10 for its replicas, then flushes the AOF."""

PID_FILE: Final = f"{DATA_DIR}/valkey.pid"
"""Where a process leaves its id. It deletes the file when it has ended in order, with all of its data on the disk."""

_FIRST_ACL_FILE: Final = f"""set -eu
if test -s "$ACL_FILE"; then
  case $(cat "$ACL_FILE") in
    *"user {TORN} "*) ;;
    *) if test -e {PID_FILE}; then
      cat "$ACL_FILE" > "$ACL_FILE.tmp"
      printf 'user {TORN} off\\n' >> "$ACL_FILE.tmp"
      sync || true
      mv "$ACL_FILE.tmp" "$ACL_FILE"
    fi ;;
  esac
else
  cat {SECRET_DIR}/{DEFAULT_ACL} > "$ACL_FILE.tmp"
  printf '%s\\n' "$OPERATOR_USERS" >> "$ACL_FILE.tmp"
  for former in "${{ACL_FILE%/*}}"/{ACL_PREFIX}*.acl; do
    if ! test -s "$former"; then continue; fi
    life=${{former##*/{ACL_PREFIX}}} torn=
    if test -e {PID_FILE}; then torn=yes; fi
    while read -r _ user _; do
      case $user in
        {TORN}) torn=yes ;;
        vote-*|op-*|lead-*|{FORMER}*) printf 'user {FORMER}%s/%s off\\n' "${{life%.acl}}" "$user" || exit 1 ;;
      esac
    done < "$former" >> "$ACL_FILE.tmp"
    if test -n "$torn"; then printf 'user {FORMER}%s/{TORN} off\\n' "${{life%.acl}}" >> "$ACL_FILE.tmp"; fi
  done
  mv "$ACL_FILE.tmp" "$ACL_FILE"
fi
for former in "${{ACL_FILE%/*}}"/{ACL_PREFIX}*.acl; do
  if test "$former" != "$ACL_FILE"; then rm -f "$former"; fi
done
"""
"""What the init container does. Of the ACL file of an earlier cluster only names are taken over, of users that are off:
what they tell is the operator's to judge (``fence.formers``), and nobody can log in as one of them. It also notes that
the last process left its id behind: then it did not end in order.

An empty file (power loss right after the first start) counts as none: valkey-server would let anybody in with it.
"""


def acl_path(uid: str) -> str:
    """Return the path of a cluster's ACL file in its pods: a volume left by an earlier cluster brings no users along.

    Args:
        uid: uid of the ValkeyCluster.
    """
    return f"{DATA_DIR}/{ACL_PREFIX}{uid[:8]}.acl"


def pod_template(inputs: BuildInputs) -> Manifest:
    """Return the pod template of the StatefulSet, without its own hash.

    Raises:
        UserError: The operator key or a line of ``spec.config`` is malformed.
    """
    cluster = inputs.cluster
    spec = cluster.spec
    return {
        "metadata": {
            "labels": pod_labels(cluster),
            "annotations": pod_annotations(
                cluster, {names.CONFIG_HASH_ANNOTATION: config_hash(spec), EPOCH: str(inputs.epoch)}
            ),
        },
        "spec": {
            "serviceAccountName": names.service_account(cluster.name),
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "terminationGracePeriodSeconds": TERMINATION_GRACE_S,
            "readinessGates": [{"conditionType": names.SYNCED_CONDITION}],
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": USER_ID,
                "runAsGroup": USER_ID,
                "fsGroup": USER_ID,
                "fsGroupChangePolicy": "OnRootMismatch",
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "initContainers": [_init_container(inputs)],
            "containers": [_server(inputs)],
            "volumes": _volumes(inputs),
            **scheduling(cluster),
        },
    }


def _common(inputs: BuildInputs) -> Manifest:
    spec = inputs.cluster.spec
    resources = spec.resources.to_wire()
    present = {kind: resources[kind] for kind in ("limits", "requests") if resources.get(kind)}
    return {
        "image": spec.image,
        "imagePullPolicy": spec.image_pull_policy,
        # Both containers ask for the same: a quota that demands requests is met, and the pod needs no more than one of
        # them.
        **({"resources": present} if present else {}),
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
    }


def _init_container(inputs: BuildInputs) -> Manifest:
    uid = cluster_uid(inputs.cluster)
    return {
        "name": INIT_CONTAINER,
        **_common(inputs),
        "command": ["sh", "-c", _FIRST_ACL_FILE],
        "env": [
            {"name": "ACL_FILE", "value": acl_path(uid)},
            {"name": OPERATOR_USERS, "value": acl_lines(inputs.epoch, inputs.operator_key, uid)},
        ],
        "volumeMounts": [
            {"name": "data", "mountPath": DATA_DIR},
            {"name": "secret", "mountPath": SECRET_DIR, "readOnly": True},
        ],
    }


def _server(inputs: BuildInputs) -> Manifest:
    port = inputs.cluster.spec.port
    arguments = {
        "--port": str(port),
        "--dir": DATA_DIR,
        "--pidfile": PID_FILE,
        "--aclfile": acl_path(cluster_uid(inputs.cluster)),
        # A replica connects from the address that it announces, so that the primary's view of it names the pod.
        "--bind-source-addr": "$(POD_IP)",
        "--replica-announce-ip": "$(POD_IP)",
        "--replica-announce-port": str(port),
    }
    return {
        "name": names.CONTAINER,
        **_common(inputs),
        "command": ["valkey-server"],
        "args": [f"{CONFIG_DIR}/{FILE_NAME}", *(part for pair in arguments.items() for part in pair)],
        "env": [_from_pod("POD_IP", "status.podIP"), _from_pod("POD_NAME", "metadata.name")],
        "ports": [{"name": PORT_NAME, "containerPort": port, "protocol": "TCP"}],
        # An open port is all that is asked: a server that loads its data answers every command with an error, and is
        # healthy.
        # Who is in sync is the readiness gate's to say; who is dead is the failover machine's.
        "startupProbe": _probe(period_s=1, failures=600),
        "readinessProbe": _probe(period_s=5, failures=3),
        "livenessProbe": _probe(period_s=10, failures=6),
        "volumeMounts": [
            {"name": "data", "mountPath": DATA_DIR},
            {"name": "config", "mountPath": CONFIG_DIR, "readOnly": True},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - a mount of its own, empty and private to the pod
        ],
    }


def _from_pod(name: str, path: str) -> Manifest:
    return {"name": name, "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": path}}}


def _probe(*, period_s: int, failures: int) -> Manifest:
    return {
        "tcpSocket": {"port": PORT_NAME},
        "periodSeconds": period_s,
        "timeoutSeconds": 5,
        "failureThreshold": failures,
    }


def _volumes(inputs: BuildInputs) -> list[Manifest]:
    cluster = inputs.cluster
    config = {"name": names.config_map(cluster.name), "defaultMode": 0o444}
    secret = {
        "secretName": names.secret(cluster.name),
        "defaultMode": 0o440,
        # The operator key and the password never enter a pod.
        "items": [{"key": DEFAULT_ACL, "path": DEFAULT_ACL}],
    }
    data = [] if cluster.spec.persistence.enabled else [{"name": "data", "emptyDir": {}}]
    return [
        *data,
        {"name": "config", "configMap": config},
        {"name": "secret", "secret": secret},
        {"name": "tmp", "emptyDir": {}},
    ]
