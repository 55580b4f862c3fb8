"""What ``gungnir local status`` prints."""

import io

from gungnir.local.tables import show

POD = {"namespace": "n" * 40, "role": "replica", "ready": True, "state": "Running", "restarts": 12, "pid": 1234567}
SERVICE = {"namespace": "n" * 40, "address": "127.64.100.200", "ports": [6379], "epoch": "12"}


def test_names_and_addresses_are_printed_in_full_however_narrow_the_terminal_is() -> None:
    names = [f"{'vc' * 25}-{ordinal}" for ordinal in range(3)]
    described = {
        "url": "http://127.64.0.1:8001",
        "kubeconfig": "/" + "k" * 90,
        "pods": [{**POD, "name": name, "address": f"127.64.1.{n}"} for n, name in enumerate(names)],
        "services": [{**SERVICE, "name": names[0], "endpoints": ["127.64.1.1:6379", "127.64.1.2:6379"]}],
        "faults": [{"fault": "delay 100 ms", "from": names[1], "to": "operator"}],
    }
    printed = io.StringIO()
    show(described, printed)
    lines = printed.getvalue().splitlines()
    assert [line for line in lines if "…" in line] == []
    for n, name in enumerate(names):
        (row,) = (line for line in lines if f"{'n' * 40}/{name}" in line and "1234567" in line)
        assert f"127.64.1.{n}" in row
    assert any(names[1] in line and "operator" in line and "delay 100 ms" in line for line in lines)
