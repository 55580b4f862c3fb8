"""The plane against an echo server: doors, relays, faults and children, without Valkey."""

import asyncio
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any

import pytest

from gungnir.local.plane.client import PlaneError
from gungnir.local.plane.faults import FaultTable


async def connect(address: str, port: int = 7000, source: str = "127.0.0.1") -> Any:
    async with asyncio.timeout(5):
        return await asyncio.open_connection(address, port, local_addr=(source, 0))


async def echo(streams: Any, data: bytes) -> bytes:
    reader, writer = streams
    writer.write(data)
    async with asyncio.timeout(5):
        answer: bytes = await reader.readexactly(len(data))
        return answer


async def first_byte(address: str) -> bytes:
    """Connect and read. A reset may come before the loop has seen that it is connected."""
    reader, _writer = await connect(address)
    async with asyncio.timeout(5):
        data: bytes = await reader.readexactly(1)
        return data


async def refused(address: str, port: int = 7000) -> bool:
    try:
        _reader, writer = await connect(address, port)
    except ConnectionRefusedError:
        return True
    writer.transport.abort()
    return False


def test_a_door_is_closed_until_its_process_listens_and_open_as_soon_as_it_does(on_plane: Any) -> None:
    async def scenario(bench: Any) -> None:
        address = bench.address()
        child = await bench.echo(address, "0.3")
        assert await refused(address)
        assert not child.listening.is_set()
        await bench.listening(child)
        streams = await connect(address)
        assert await echo(streams, b"hello") == b"hello"
        streams[1].close()

    on_plane(scenario)


def test_megabytes_pass_whole_and_an_end_of_stream_is_passed_on(on_plane: Any) -> None:
    async def scenario(bench: Any) -> None:
        address = bench.address()
        await bench.listening(await bench.echo(address))
        reader, writer = await connect(address)
        data = bytes(range(256)) * 16384
        writer.write(data)
        writer.write_eof()
        async with asyncio.timeout(10):
            assert await reader.read(-1) == data
        writer.close()

    on_plane(scenario)


def test_what_a_slow_reader_has_not_read_is_not_lost_when_both_sides_have_ended(on_plane: Any) -> None:
    async def scenario(bench: Any) -> None:
        address = bench.address()
        await bench.listening(await bench.echo(address))
        slow = socket.socket()
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.setblocking(False)
        loop = asyncio.get_running_loop()
        data = bytes(range(256)) * 65536  # more than the kernel keeps on the way, so the relay has a rest of it

        async def send() -> None:
            await loop.sock_sendall(slow, data)
            slow.shutdown(socket.SHUT_WR)

        async with asyncio.timeout(20):
            await loop.sock_connect(slow, (address, 7000))
            sending = asyncio.ensure_future(send())
            received = bytearray()
            while chunk := await loop.sock_recv(slow, 65536):
                received += chunk
            await sending
        assert bytes(received) == data
        slow.close()

    on_plane(scenario)


def test_the_end_of_a_process_is_reported_resets_its_connections_and_closes_its_door(on_plane: Any) -> None:
    async def scenario(bench: Any) -> None:
        address = bench.address()
        child = await bench.echo(address)
        await bench.listening(child)
        streams = await connect(address)
        await echo(streams, b"x")
        bench.plane.send_signal(child.pid, signal.SIGKILL)
        assert await bench.exited(child) == -signal.SIGKILL
        assert await refused(address)
        async with asyncio.timeout(5):
            with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
                await streams[0].readexactly(1)
        streams[1].close()
        assert await bench.plane.relays() == {"default/echo": 0}

    on_plane(scenario)


def test_a_service_without_endpoints_refuses_and_one_whose_endpoint_is_dead_resets(on_plane: Any) -> None:
    async def scenario(bench: Any) -> None:
        address, service = bench.address(), bench.address()
        await bench.plane.route((service, 7000), [])
        assert await refused(service)
        await bench.plane.route((service, 7000), [(address, 7000)])
        with pytest.raises(ConnectionResetError):
            await first_byte(service)
        await bench.listening(await bench.echo(address))
        streams = await connect(service)
        await bench.plane.unroute((service, 7000))
        assert await refused(service)
        assert await echo(streams, b"still here") == b"still here"
        streams[1].close()

    on_plane(scenario)


def test_a_pod_that_is_removed_while_it_is_cut_off_stays_silent_until_the_heal(on_plane: Any) -> None:
    async def scenario(bench: Any) -> None:
        address, operator = bench.address(), bench.address()
        child = await bench.echo(address)
        await bench.listening(child)
        bench.plane.name("operator", operator)
        party = "default/echo"
        await bench.plane.set_faults(FaultTable.build([("operator", party), (party, "operator")], []))
        bench.plane.send_signal(child.pid, signal.SIGKILL)
        await bench.exited(child)
        await bench.plane.retire(address)
        reader, writer = await connect(address, source=operator)
        reading = asyncio.create_task(reader.read(1))
        done, _pending = await asyncio.wait({reading}, timeout=0.15)
        assert not done
        await bench.plane.set_faults(FaultTable())
        async with asyncio.timeout(5):
            with pytest.raises(ConnectionResetError):
                await reading
        writer.close()
        assert await refused(address)
        assert await bench.plane.relays() == {}

    on_plane(scenario)


def test_the_group_of_a_child_ends_with_the_child(on_plane: Any) -> None:
    async def scenario(bench: Any) -> None:
        child = await bench.spawn("/bin/sh", "-c", "sleep 600 & echo $!; exit 3")
        assert await bench.exited(child) == 3
        orphan = int((bench.directory / "log").read_text())

        def lives() -> bool:
            try:
                return Path(f"/proc/{orphan}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
            except OSError:
                return False

        async with asyncio.timeout(5):
            while lives():  # noqa: ASYNC110 - another process's end has no event here
                await asyncio.sleep(0.01)

    on_plane(scenario)


def test_a_program_that_cannot_be_started_is_an_error_that_names_it(on_plane: Any) -> None:
    async def scenario(bench: Any) -> None:
        with pytest.raises(PlaneError, match=r"spawn: .*no-such-program"):
            await bench.spawn("/no-such-program")
        with pytest.raises(PlaneError, match="null byte"):
            await bench.spawn(sys.executable, "a\0b")
        with pytest.raises(PlaneError, match="unknown operation 'dance'"):
            await bench.plane.send("dance")

    on_plane(scenario)


def test_a_door_at_a_taken_port_is_an_error_and_the_plane_goes_on(on_plane: Any) -> None:
    async def scenario(bench: Any) -> None:
        address = bench.address()
        with socket.create_server((address, 7000)), pytest.raises(PlaneError, match="Address already in use"):
            await bench.plane.route((address, 7000), [(address, 1)])
        await bench.plane.route((address, 7000), [(address, 1)])

    on_plane(scenario)


def test_the_address_of_a_removed_pod_can_be_made_to_swallow_what_is_sent_to_it(on_plane: Any) -> None:
    async def scenario(bench: Any) -> None:
        address = bench.address()
        child = await bench.echo(address)
        await bench.listening(child)
        bench.plane.send_signal(child.pid, signal.SIGKILL)
        await bench.exited(child)
        await bench.plane.retire(address, silent=True)
        reader, writer = await connect(address)
        writer.write(b"is anybody there?")
        reading = asyncio.create_task(reader.read(1))
        await bench.plane.set_faults(FaultTable())
        done, _pending = await asyncio.wait({reading}, timeout=0.15)
        assert not done
        reading.cancel()
        writer.close()

    on_plane(scenario)


def test_a_pods_port_that_another_program_holds_is_an_error_and_its_process_goes_on(on_plane: Any) -> None:
    async def scenario(bench: Any) -> None:
        address = bench.address()
        child = await bench.spawn(sys.executable, "-S", "-c", "import time; time.sleep(600)")
        with socket.create_server((address, 7000)), pytest.raises(PlaneError, match="Address already in use"):
            await bench.plane.open("default/echo", (address, 7000), (address, 17000), child.pid)
        assert not child.exited.done()

    on_plane(scenario)


def test_the_loss_of_the_plane_is_told_to_its_parent(on_plane: Any) -> None:
    async def scenario(bench: Any) -> None:
        lost = asyncio.Event()
        bench.plane.on_lost = lost.set
        child = await bench.echo(bench.address())
        os.kill(bench.plane.pid, signal.SIGKILL)
        async with asyncio.timeout(5):
            await lost.wait()
        assert await bench.exited(child) == -signal.SIGKILL

    on_plane(scenario)


def test_a_plane_that_ends_ends_its_children_and_fails_what_waits(on_plane: Any) -> None:
    async def scenario(bench: Any) -> None:
        child = await bench.echo(bench.address())
        await bench.plane.stop()
        assert await bench.exited(child) == -signal.SIGKILL
        with pytest.raises(PlaneError, match="not running"):
            await bench.plane.relays()

    on_plane(scenario)
