"""``gungnir demo``."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import typer

import gungnir
from gungnir.demo.api import load_manifest
from gungnir.demo.errors import NotInTimeError, ProcessError
from gungnir.demo.figures import Figures
from gungnir.demo.scenario import Scenario
from gungnir.demo.screen import Screen
from gungnir.demo.world import World, cluster_in
from gungnir.errors import UserError
from gungnir.runtime.kube_resources import Object

MANIFEST: Final = Path("deploy/samples/quickstart.yaml")
_EXIT_BROKEN: Final = 1
_EXIT_INTERRUPTED: Final = 130

app = typer.Typer(add_completion=False)


@app.command()
def demo(
    *,
    keep: Annotated[bool, typer.Option("--keep", help="Leave everything running at the end, until Ctrl-C.")] = False,
    json: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file.")] = None,
    svg: Annotated[Path | None, typer.Option("--svg", help="Write the screen as a picture to this file.")] = None,
    trace: Annotated[
        Path | None, typer.Option("--trace", help="Write every step of the operator to this file, as JSON lines.")
    ] = None,
    no_color: Annotated[bool, typer.Option("--no-color", help="Use no colours.")] = False,
    manifest: Annotated[
        Path | None, typer.Option("--manifest", help="Apply this file instead of the quick start's ValkeyCluster.")
    ] = None,
) -> None:
    """Kill a Valkey primary in four ways, on a cluster of real servers on this machine, and count what clients lost.

    Exit code 0 only if no write that WAIT 1 confirmed was lost and never were there two primaries with replicas.
    """
    for path in (json, svg, trace):
        if path is not None and not path.absolute().parent.is_dir():
            raise UserError(f"{path}: the directory {path.absolute().parent} does not exist; create it first")
    objects = load_manifest(manifest or _quickstart())
    cluster_in(objects)  # before anything is started
    screen = Screen(color=not no_color, picture=svg is not None)
    try:
        figures = asyncio.run(_main(screen, objects, keep=keep, json=json, svg=svg, trace=trace))
    except (KeyboardInterrupt, asyncio.CancelledError):  # Ctrl-C, SIGTERM
        screen.problem("interrupted; everything that was started is stopped")
        raise typer.Exit(_EXIT_INTERRUPTED) from None
    raise typer.Exit(0 if figures is not None and figures.ok else _EXIT_BROKEN)


async def _main(
    screen: Screen,
    manifest: Sequence[Object],
    *,
    keep: bool,
    json: Path | None,
    svg: Path | None,
    trace: Path | None,
) -> Figures | None:
    # SIGTERM ends the demo as Ctrl-C does, so that nothing is left behind.
    task = asyncio.current_task()
    if task is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    async with contextlib.AsyncExitStack() as stack:
        with screen.working("starting the local cluster"):
            world = await stack.enter_async_context(World())
        try:
            figures = await Scenario(world, screen, manifest).run()
        except (NotInTimeError, ProcessError) as error:
            screen.problem(f"The demo did not come to its end: {error}")
            for operator in world.operators:
                screen.problem(f"The end of the log of {operator.options.identity}:\n{operator.log_tail()}")
            return None
        finally:
            if trace is not None:
                _copy_traces(world, trace)
        screen.summary(figures)
        _write(figures, json)
        if svg is not None:
            screen.save_picture(svg)
        if keep:
            await _keep(screen, world)
        return figures


def _write(figures: Figures, path: Path | None) -> None:
    if path is not None:
        path.write_text(figures.to_json())


def _copy_traces(world: World, path: Path) -> None:
    with path.open("wb") as file:
        for operator in world.operators:
            if operator.trace.path.exists():
                file.write(operator.trace.path.read_bytes())


async def _keep(screen: Screen, world: World) -> None:
    screen.show("")
    screen.show("Everything is left running until Ctrl-C. In another terminal:")
    screen.show(f"  export KUBECONFIG={world.local.kubeconfig}")
    screen.show("  kubectl get vc --all-namespaces")
    sys.stdout.flush()
    await asyncio.Event().wait()


def _quickstart() -> Path:
    path = Path(gungnir.__file__).resolve().parents[1] / MANIFEST
    if not path.is_file():
        raise UserError(f"{MANIFEST} is not beside this installation; name a ValkeyCluster with --manifest FILE")
    return path
