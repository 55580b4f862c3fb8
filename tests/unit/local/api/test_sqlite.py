import os
import signal
import subprocess
import sys
from pathlib import Path

from gungnir.local.registry import Registry
from gungnir.local.sqlite import SqliteBackend
from gungnir.local.store import Store

WRITER = """
import sys
from pathlib import Path
from gungnir.local.registry import Registry
from gungnir.local.sqlite import SqliteBackend
from gungnir.local.store import Store

registry = Registry(Store(SqliteBackend(Path(sys.argv[1]))))
registry.create("namespaces", {"metadata": {"name": "default"}})
for i in range(10_000):
    registry.create("configmaps", {"metadata": {"name": f"c{i}"}}, namespace="default")
    print(i, flush=True)
"""


def opened(path: Path) -> Registry:
    return Registry(Store(SqliteBackend(path)))


def test_every_acknowledged_write_survives_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        for line in writer.stdout:
            acknowledged = int(line)
            if acknowledged == 50:
                os.kill(writer.pid, signal.SIGKILL)
    registry = opened(path)
    found = {o["metadata"]["name"] for o in registry.list("configmaps").items}
    assert {f"c{i}" for i in range(51)} <= found
    assert registry.store.revision >= 52
    registry.store.close()


def test_revisions_go_on_and_old_watches_are_gone_after_a_restart(tmp_path: Path) -> None:
    first = opened(tmp_path / "s.db")
    first.create("namespaces", {"metadata": {"name": "default"}})
    first.create("configmaps", {"metadata": {"name": "a"}}, namespace="default")
    first.delete("configmaps", "default", "a")
    revision = first.store.revision
    first.store.close()
    second = opened(tmp_path / "s.db")
    assert second.store.revision == revision
    assert second.watch("configmaps", resource_version=str(revision - 1)).error is not None
    assert second.watch("configmaps", resource_version=str(revision)).error is None
    assert (
        int(
            second.create("configmaps", {"metadata": {"name": "b"}}, namespace="default")["metadata"]["resourceVersion"]
        )
        > revision
    )
    second.store.close()


def test_custom_resources_are_served_again_after_a_restart(tmp_path: Path, definition: dict[str, object]) -> None:
    first = opened(tmp_path / "s.db")
    first.create("namespaces", {"metadata": {"name": "default"}})
    first.create("customresourcedefinitions", definition)
    first.create("boxes", {"metadata": {"name": "b"}, "spec": {}}, namespace="default")
    first.store.close()
    second = opened(tmp_path / "s.db")
    assert second.get("boxes", "default", "b")["spec"] == {"size": 3}
    second.store.close()
