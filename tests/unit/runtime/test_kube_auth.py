from __future__ import annotations

import os
import shutil
import ssl
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from aiohttp import web

from gungnir.runtime import kube_auth
from gungnir.runtime.errors import KubeConfigError, UnauthorizedError, UnreachableError
from gungnir.runtime.kube import Kube
from gungnir.runtime.kube_auth import load_auth
from gungnir.runtime.kube_resources import PODS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.runtime.conftest import FakeApi

pytestmark = pytest.mark.anyio

REF = PODS.ref("ns", "a-0")


async def authorization(api: FakeApi, path: Path) -> str:
    api.script = [api.reply(200, {"kind": "Pod"})]
    async with Kube(await load_auth(str(path))) as kube:
        await kube.get(REF)
    return api.seen[-1].headers.get("authorization", "")


def exec_plugin(tmp_path: Path, **status: str) -> dict[str, Any]:
    """A plugin that gives t1, t2, ... on successive runs."""
    script = tmp_path / "plugin.py"
    script.write_text(
        textwrap.dedent(
            f"""
            import json, pathlib
            count = pathlib.Path({str(tmp_path / "count")!r})
            runs = int(count.read_text()) + 1 if count.exists() else 1
            count.write_text(str(runs))
            print(json.dumps({{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential",
                               "status": {{"token": f"t{{runs}}", **{status!r}}}}}))
            """
        )
    )
    return {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": sys.executable,
            "args": ["-I", str(script)],
            "interactiveMode": "Never",
        }
    }


@pytest.mark.parametrize(
    ("user", "expected"),
    [({"token": "abc"}, "bearer abc"), ({"username": "u", "password": "p"}, "basic dtpw")],
)
async def test_static_credentials_are_sent(
    api: FakeApi, tmp_path: Path, user: dict[str, object], expected: str
) -> None:
    path = tmp_path / "config"
    path.write_text(api.kubeconfig(api.url, **user))
    assert await authorization(api, path) == expected


async def test_a_token_that_the_server_rejects_is_fetched_anew(api: FakeApi, tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(api.kubeconfig(api.url, **exec_plugin(tmp_path)))
    api.script = [api.status(401, "Unauthorized"), api.reply(200, {"kind": "Pod"})]
    async with Kube(await load_auth(str(path))) as kube:
        with pytest.raises(UnauthorizedError):
            await kube.get(REF)
        await kube.get(REF)
        await kube.get(REF)
    assert [seen.headers["authorization"] for seen in api.seen] == ["bearer t1", "bearer t2", "bearer t2"]


async def test_a_plugin_that_fails_later_is_named_in_the_error_it_causes(api: FakeApi, tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(api.kubeconfig(api.url, **exec_plugin(tmp_path)))
    api.script = [api.status(401, "Unauthorized", "expired")]
    async with Kube(await load_auth(str(path))) as kube:
        with pytest.raises(UnauthorizedError, match=r"expired$"):
            await kube.get(REF)
        (tmp_path / "plugin.py").write_text("raise SystemExit('no session')")
        with pytest.raises(UnauthorizedError, match=r"expired; credentials .* could not be renewed: .*no session"):
            await kube.get(REF)


async def test_credentials_are_looked_at_again_in_time(
    api: FakeApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = tmp_path / "token"
    token.write_text("first")
    path = tmp_path / "config"
    path.write_text(api.kubeconfig(api.url, tokenFile=str(token)))
    monkeypatch.setattr(kube_auth, "REFRESH_MS", 0)
    api.script = [api.reply(200, {"kind": "Pod"})]
    auth = await load_auth(str(path))
    async with Kube(auth) as kube:
        token.write_text("second")
        await kube.get(REF)
        refresh = auth._refreshing
        assert refresh is not None
        await refresh
        await kube.get(REF)
    assert [seen.headers["authorization"] for seen in api.seen] == ["bearer first", "bearer second"]


@pytest.mark.parametrize(
    ("text", "context", "problem"),
    [
        ("{", "", "check the file, its context and user"),
        ("[]", "", "check the file, its context and user"),
        ("", "", "check the file, its context and user"),
        ("ok", "other", "Expected object with name other"),
        ("no-server", "", r"clusters\[\]\.cluster\.server is missing; give the API server's URL"),
        ("exec-missing", "", "check the file, its context and user"),
    ],
)
async def test_a_kubeconfig_that_cannot_be_used_is_named_with_the_fix(
    api: FakeApi, tmp_path: Path, text: str, context: str, problem: str
) -> None:
    whole = yaml.safe_load(api.kubeconfig("http://127.0.0.1:1"))
    if text == "no-server":
        whole["clusters"][0]["cluster"] = {"insecure-skip-tls-verify": True}
    if text == "exec-missing":
        whole["users"][0]["user"] = {"exec": {"apiVersion": "v1", "command": str(tmp_path / "absent")}}
    path = tmp_path / "config"
    path.write_text(text if len(text) < 2 or text == "[]" else yaml.safe_dump(whole))
    with pytest.raises(KubeConfigError, match=problem) as caught:
        await load_auth(str(path), context)
    assert str(path) in str(caught.value)


async def test_a_kubeconfig_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(KubeConfigError, match=r"no file at .*absent.*pass --kubeconfig FILE"):
        await load_auth(str(tmp_path / "absent"))


async def test_a_plugin_that_hangs_is_bounded_and_killed(api: FakeApi, tmp_path: Path) -> None:
    path, pid = tmp_path / "config", tmp_path / "pid"
    path.write_text(api.kubeconfig(api.url, **exec_plugin(tmp_path)))
    (tmp_path / "plugin.py").write_text(
        "import os, pathlib, threading\n"
        f"pathlib.Path({str(pid)!r}).write_text(str(os.getpid()))\n"
        "threading.Event().wait(60)"
    )
    with pytest.raises(KubeConfigError, match="no credentials within 1500 ms; check its exec plugin"):
        await load_auth(str(path), deadline_ms=1_500)
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


async def test_a_renewal_that_hangs_says_so_and_sends_nothing(api: FakeApi, tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(api.kubeconfig(api.url, **exec_plugin(tmp_path)))
    api.script = [api.status(401, "Unauthorized")]
    async with Kube(await load_auth(str(path))) as kube:
        with pytest.raises(UnauthorizedError):
            await kube.get(REF)
        (tmp_path / "plugin.py").write_text("import threading; threading.Event().wait(60)")
        with pytest.raises(UnreachableError, match="no credentials within 200 ms"):
            await kube.get(REF, deadline_ms=200)
    assert len(api.seen) == 1


async def test_the_order_is_argument_then_variable_then_cluster(api: FakeApi, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_text(api.kubeconfig("http://127.0.0.1:1"))
    second.write_text(api.kubeconfig("http://127.0.0.1:2"))
    env = {"KUBECONFIG": str(second), "KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443"}
    assert (await load_auth(str(first), env=env)).server == "http://127.0.0.1:1"
    assert (await load_auth(env=env)).server == "http://127.0.0.1:2"
    with pytest.raises(KubeConfigError, match=r"in-cluster credentials: .*mount a ServiceAccount token"):
        await load_auth(env=env | {"KUBECONFIG": ""})


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CA, a server certificate for 127.0.0.1 and a client certificate."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs the openssl command to make certificates")
    path = tmp_path_factory.mktemp("pki")
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]

    def run(*args: str) -> None:
        subprocess.run([openssl, *args], cwd=path, check=True, capture_output=True)

    run("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=ca")
    for name, extension in (("server", "subjectAltName=IP:127.0.0.1"), ("client", "extendedKeyUsage=clientAuth")):
        (path / f"{name}.ext").write_text(extension)
        run("req", *key[:5], "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        run("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
            "-extfile", f"{name}.ext", "-out", f"{name}.crt")  # fmt: skip
    return path


async def test_tls_checks_the_server_and_shows_the_client_certificate(
    api: FakeApi, tmp_path: Path, certificates: Path
) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(certificates / "ca.crt"))
    context.load_cert_chain(certificates / "server.crt", certificates / "server.key")
    context.verify_mode = ssl.CERT_REQUIRED

    async def answer(request: web.Request) -> web.Response:
        assert request.transport is not None
        subject = request.transport.get_extra_info("peercert")["subject"]
        return web.json_response({"kind": "Pod", "subject": subject})

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    try:
        url = f"https://127.0.0.1:{runner.addresses[0][1]}"
        user = {"client-certificate": str(certificates / "client.crt"), "client-key": str(certificates / "client.key")}
        config = yaml.safe_load(api.kubeconfig(url, **user))
        path = tmp_path / "config"
        path.write_text(yaml.safe_dump(config))
        async with Kube(await load_auth(str(path))) as kube:
            with pytest.raises(UnreachableError, match="CERTIFICATE_VERIFY_FAILED"):
                await kube.get(REF)
        config["clusters"][0]["cluster"]["certificate-authority"] = str(certificates / "ca.crt")
        path.write_text(yaml.safe_dump(config))
        async with Kube(await load_auth(str(path))) as kube:
            assert (await kube.get(REF))["subject"] == [[["commonName", "client"]]]
    finally:
        await runner.cleanup()


async def test_a_certificate_that_cannot_be_read_is_named(api: FakeApi, tmp_path: Path) -> None:
    broken = tmp_path / "ca.crt"
    broken.write_text("not a certificate")
    config = yaml.safe_load(api.kubeconfig("https://127.0.0.1:1"))
    config["clusters"][0]["cluster"]["certificate-authority"] = str(broken)
    path = tmp_path / "config"
    path.write_text(yaml.safe_dump(config))
    auth = await load_auth(str(path))
    with pytest.raises(KubeConfigError, match=r"certificate or key: .*; check the CA, client-certificate, client-key"):
        Kube(auth)


@pytest.mark.parametrize(
    ("server", "expected"),
    [
        ("https://127.0.0.1:6443", None),
        ("https://127.9.9.9:6443", None),
        ("https://[::1]:6443", None),
        ("https://localhost:6443", None),
        ("https://inside.example:6443", None),
        ("https://api.example:6443", "http://proxy.example:3128"),
    ],
)
def test_a_proxy_is_used_as_kubectl_would(monkeypatch: pytest.MonkeyPatch, server: str, expected: str | None) -> None:
    for name in ("https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("no_proxy", "inside.example")
    assert kube_auth._environment_proxy(server) == expected


def test_the_client_imports_no_generated_model_and_leaves_the_library_importable() -> None:
    code = """
import sys
seen = set()
sys.addaudithook(lambda event, args: seen.add(args[0]) if event == "import" else None)
from gungnir.runtime.kube_auth import _library
_library()
assert "kubernetes_asyncio.client.exceptions" in seen
heavy = ("kubernetes_asyncio.client.models", "kubernetes_asyncio.client.api")
generated = [name for name in seen if name.startswith(heavy)]
assert not generated, generated
left = [name for name in sys.modules if name.startswith("kubernetes_asyncio")]
assert not left, f"a later import of the whole package would meet {left}"
"""
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, timeout=50)
