"""Rounds as OpenTelemetry spans, sent to a collector by OTLP over HTTP. Imported only where that is enabled.

A trace is a round, a span below it a step, and below a step that asks pods a span is one pod's command. What the
standard variables say beyond the endpoint holds too: ``OTEL_EXPORTER_OTLP_HEADERS``, ``OTEL_RESOURCE_ATTRIBUTES`` and
so on (https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/).
"""

import threading
from typing import Final

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, Status, StatusCode
from opentelemetry.util.types import AttributeValue

from gungnir import __version__
from gungnir.machines.requests import AnswerKind, Forbidden, Invalid, Unknown, Unreachable, describe
from gungnir.runtime.log import redactor
from gungnir.runtime.spans import CommandTaken, RoundTaken, StepTaken

_TRACES: Final = "/v1/traces"
"""What OTLP adds to the base URL (https://opentelemetry.io/docs/specs/otlp/#otlphttp-request)."""
_FAILURES: Final = (Unreachable, Unknown, Forbidden, Invalid)
_PREFIX: Final = "gungnir."


class Exporter:
    """Makes spans of each round that it is called with."""

    def __init__(self, processor: SpanProcessor, identity: str) -> None:
        """Say who gets the spans, and the name of this process in the lease."""
        ours = {"service.name": "gungnir", "service.version": __version__, "service.instance.id": identity}
        # The standard variables are the user's own word: they come last.
        resource = Resource.create(ours).merge(OTELResourceDetector().detect())
        # Not at exit: the operator ends the export itself, within its time.
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("gungnir", __version__)

    def __call__(self, taken: RoundTaken) -> None:
        """Make the spans of a round: its own, one of each step, one of each command."""
        # The wall clock may be set while the round runs: it is read once, and durations are of the monotonic clock.
        shift_ns = taken.unix_ns - taken.started_ns
        epoch = max((step.epoch for step in taken.steps), default=0)
        root = self._span(
            taken.machine,
            Context(),
            taken.started_ns + shift_ns,
            machine=taken.machine,
            cluster=taken.cluster,
            outcome=taken.outcome,
            detail=redactor.text(taken.detail),
            epoch=epoch,
        )
        if taken.outcome == "error":
            root.set_status(Status(StatusCode.ERROR))
        for step in taken.steps:
            self._step(taken, step, trace.set_span_in_context(root, Context()), shift_ns)
        root.end(taken.ended_ns + shift_ns)

    def close(self, timeout_ms: int) -> None:
        """Send what waits. A collector that does not answer holds nobody up for longer than ``timeout_ms``."""
        # The processor's own deadline is longer than the operator may take to end.
        thread = threading.Thread(target=self._provider.shutdown, name="end of the spans", daemon=True)
        thread.start()
        thread.join(timeout_ms / 1000)

    def _step(self, taken: RoundTaken, step: StepTaken, context: Context, shift_ns: int) -> None:
        request = type(step.request).__name__
        span = self._span(
            f"{step.source} {request}",
            context,
            step.started_ns + shift_ns,
            machine=taken.machine,
            cluster=taken.cluster,
            phase=step.source,
            next_phase=step.dest,
            trigger=step.trigger,
            request=request,
            reply="" if step.reply is None else type(step.reply).__name__,
            epoch=step.epoch,
        )
        if step.reply is None:
            span.set_status(Status(StatusCode.ERROR, "the round was ended while it waited"))
        elif isinstance(step.reply, _FAILURES):
            span.set_status(Status(StatusCode.ERROR, redactor.text(describe(step.reply))))
        for command in step.commands:
            self._command(taken.cluster, command, trace.set_span_in_context(span, Context()), shift_ns)
        span.end(step.ended_ns + shift_ns)

    def _command(self, cluster: str, taken: CommandTaken, context: Context, shift_ns: int) -> None:
        verb, answer = taken.command.verb.value, taken.answer
        span = self._span(
            verb,
            context,
            taken.started_ns + shift_ns,
            cluster=cluster,
            verb=verb,
            pod=taken.command.pod,
            epoch=taken.command.epoch,
            answer=answer.kind.value,
        )
        if answer.kind is not AnswerKind.DONE:
            span.set_status(Status(StatusCode.ERROR, redactor.text(answer.error)))
        span.end(taken.ended_ns + shift_ns)

    def _span(self, name: str, context: Context, unix_ns: int, **attributes: AttributeValue) -> Span:
        said = {_PREFIX + key: value for key, value in attributes.items() if value not in ("", 0)}
        return self._tracer.start_span(name, context, attributes=said, start_time=unix_ns)


def to_collector(endpoint: str, identity: str) -> Exporter:
    """Return an exporter that sends to a collector, in batches and from a thread of its own.

    Raises:
        ValueError: A standard variable has a value that the library cannot use.
    """
    return Exporter(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint.rstrip("/") + _TRACES)), identity)
