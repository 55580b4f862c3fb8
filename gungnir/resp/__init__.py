"""RESP2 and RESP3 without I/O: bytes in, values out; commands as values, replies as typed values."""

from gungnir.resp.errors import ErrorKind, ErrorReply, ProtocolError, RefusedError, ReplyError, RespError
from gungnir.resp.info import Info, parse_info
from gungnir.resp.reader import NEED_MORE_DATA, NeedMoreData, Reader
from gungnir.resp.redact import redact
from gungnir.resp.values import Attributed, BigNumber, Map, Push, Set, Simple, Value, Verbatim, plain
from gungnir.resp.view import ServerView, parse_server_view
from gungnir.resp.writer import encode_command, encode_pipeline, encode_value

__all__ = [
    "NEED_MORE_DATA",
    "Attributed",
    "BigNumber",
    "ErrorKind",
    "ErrorReply",
    "Info",
    "Map",
    "NeedMoreData",
    "ProtocolError",
    "Push",
    "Reader",
    "RefusedError",
    "ReplyError",
    "RespError",
    "ServerView",
    "Set",
    "Simple",
    "Value",
    "Verbatim",
    "encode_command",
    "encode_pipeline",
    "encode_value",
    "parse_info",
    "parse_server_view",
    "plain",
    "redact",
]
