"""Every test that asks for ``server`` runs twice: against the local API server and against a real one."""

import itertools
from collections.abc import Iterator

import pytest

from gungnir.api.crd import crd
from tests.kube.api import Api, until
from tests.kube.servers import Server, start_local, start_real

_NUMBERS = itertools.count(1)


def install_crd(api: Api) -> None:
    """Create our CustomResourceDefinition and wait until it is served."""
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    assert api("POST", path, crd()).code in (201, 409)
    until(lambda: api("GET", "/apis/valkey.verilean.io/v1/valkeyclusters").ok, "the custom resource is served")


@pytest.fixture(scope="session")
def real_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = start_real(tmp_path_factory.mktemp("real"))
    try:
        install_crd(server.api)
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def local_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = start_local(tmp_path_factory.mktemp("local"))
    try:
        install_crd(server.api)
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session", params=["local", "real"])
def server(request: pytest.FixtureRequest) -> Server:
    found = request.getfixturevalue(f"{request.param}_server")
    assert isinstance(found, Server)
    return found


@pytest.fixture
def api(server: Server) -> Api:
    """A client with every right."""
    return server.api


def new_namespace(api: Api) -> str:
    """Make an empty namespace and return its name."""
    name = f"test-{next(_NUMBERS)}"
    api("POST", "/api/v1/namespaces", {"metadata": {"name": name}}).taken()
    return name


@pytest.fixture
def namespace(api: Api) -> str:
    """A namespace of this test alone."""
    return new_namespace(api)
