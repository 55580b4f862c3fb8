"""One connection of a client to a Valkey: small, and strict about what is known after a failure."""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Final, Self

from gungnir.demo.errors import ConnectError, LostError
from gungnir.resp import ErrorReply, NeedMoreData, ProtocolError, Push, Reader, Value, encode_pipeline
from gungnir.resp.commands import Command, auth

DEADLINE_MS: Final = 1000
_CHUNK: Final = 64 * 1024


class Connection:
    """A connection with its own parser. Replies come in the order of the commands."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._stream = reader
        self._writer = writer
        self._parser = Reader(max_elements=1 << 20, max_bulk_bytes=64 << 20)

    @classmethod
    async def open(cls, host: str, port: int, *, password: str | None = None, deadline_ms: int = DEADLINE_MS) -> Self:
        """Connect, and authenticate as ``default`` if there is a password.

        Raises:
            ConnectError: Refused, silent for ``deadline_ms``, or the password was refused.
        """
        where = f"{host}:{port}"
        try:
            async with asyncio.timeout(deadline_ms / 1000):
                connection = cls(*await asyncio.open_connection(host, port))
        except (OSError, TimeoutError) as error:
            raise ConnectError(f"{where}: {str(error) or 'no connection in time'}") from error
        if password is None:
            return connection
        try:
            reply = await connection.call(auth("default", password), deadline_ms=deadline_ms)
        except LostError as error:
            raise ConnectError(f"{where}: AUTH was not answered: {error}") from error
        except BaseException:
            connection.close()
            raise
        if isinstance(reply, ErrorReply):
            connection.close()
            raise ConnectError(f"{where}: AUTH was refused: {reply}")
        return connection

    async def call(self, command: Command, *, deadline_ms: int = DEADLINE_MS) -> Value:
        """Send one command and return its reply; an error reply is a value.

        Raises:
            LostError: No reply; the connection is closed.
        """
        self.send([command])
        return await self.reply(deadline_ms=deadline_ms)

    def send(self, commands: Sequence[Command]) -> None:
        """Write commands; their replies are read with ``reply``, one call each."""
        self._writer.write(encode_pipeline(commands))

    async def reply(self, *, deadline_ms: int = DEADLINE_MS) -> Value:
        """Read the next reply.

        Raises:
            LostError: The connection broke, the bytes are not RESP, or the deadline passed; the connection is closed.
        """
        try:
            async with asyncio.timeout(deadline_ms / 1000):
                while isinstance(value := self._parser.next(), NeedMoreData | Push):
                    if isinstance(value, NeedMoreData):
                        self._parser.feed(await self._received())
                return value
        except (OSError, TimeoutError, ProtocolError) as error:
            self.close()
            raise LostError(str(error) or f"no reply within {deadline_ms} ms") from error
        except BaseException:
            self.close()
            raise

    async def _received(self) -> bytes:
        data = await self._stream.read(_CHUNK)
        if not data:
            raise ConnectionResetError("closed by the server")
        return data

    def close(self) -> None:
        """Close without waiting; what was sent may still take effect."""
        with contextlib.suppress(RuntimeError):  # the loop is closing as well
            self._writer.transport.abort()
