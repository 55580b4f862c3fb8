"""Guards without which a module does the same: by module and by the guard's name, the reason why."""

# ruff: noqa: E501 - a name is as long as the condition that it names

from typing import Final

_ANSWERED = "Pods is answered by one answer for each command, or with Unknown ones: there is always a first one."
_TYPED = "Only types ask: whoever comes here has claimed an epoch, so there is an intent."
_CANDIDATE = "Only types ask: an intent that is promoting, or further, has its candidate."
_PROMOTED = "Only types ask: whoever comes here has recorded a primary."
_NO_PRIMARY = "Without a primary nothing is lost, and there is no pod of it: the other operands say so."
_IN_VIEW = "The pod was chosen from the same view."

NEEDLESS: Final[dict[str, dict[str, str]]] = {
    "gungnir.machines.failover": {
        "_sdown: isinstance(reply, Answers) -> True": _ANSWERED,
        "_begin_release: state.record.primary is None -> False in state.record.primary is None or not electorate.lost(facts, state.record, state.view)": _NO_PRIMARY,
        "_resume_promoting: candidate is None -> False": _CANDIDATE,
        "_resume_promoting: candidate is None -> False in candidate is None or pod is None or (not pods.is_process(pod, candidate))": _CANDIDATE,
        "_fence: intent is not None -> True in intent is not None and intent.kind is Kind.SWITCHOVER": _TYPED,
        "_fence: primary is not None -> True in planned and primary is not None and (pod is not None) and (pod.contact is Contact.UP) and (target is not None)": _NO_PRIMARY,
        "_hold: isinstance(reply, Answers) -> True in isinstance(reply, Answers) and reply.answers": _ANSWERED,
        "_hold: isinstance(reply, Answers) and reply.answers -> True": _ANSWERED,
        "_hold: reply.answers -> True in isinstance(reply, Answers) and reply.answers": _ANSWERED,
        "_hold: answer is None -> False in answer is None or answer.kind is not AnswerKind.DONE or answer.server is None": _ANSWERED,
        "_look: pod is None -> False": _IN_VIEW,
        "_catch_up: isinstance(reply, Answers) -> True in isinstance(reply, Answers) and reply.answers": _ANSWERED,
        "_catch_up: isinstance(reply, Answers) and reply.answers -> True": _ANSWERED,
        "_catch_up: reply.answers -> True in isinstance(reply, Answers) and reply.answers": _ANSWERED,
        "_catch_up: answer is not None -> True in answer is not None and answer.server is not None and (answer.server.offset >= state.goal)": _ANSWERED,
        "_catch_up: answer is None -> False in state.tries <= 0 or answer is None or answer.kind is not AnswerKind.DONE": _ANSWERED,
        "_select: isinstance(reply, Answers) -> True": _ANSWERED,
        "_leaving: record.intent is not None -> True in record.intent is not None and record.intent.kind is Kind.SWITCHOVER": _TYPED,
        "_leaving: record.intent is not None -> True in planned and record.intent is not None": _TYPED,
        "_freeze: intent is None -> False in not isinstance(reply, Stored) or intent is None or intent.candidate is None": _TYPED,
        "_freeze: intent.candidate is None -> False in not isinstance(reply, Stored) or intent is None or intent.candidate is None": _CANDIDATE,
        "_promote: isinstance(reply, Answers) -> True in isinstance(reply, Answers) and reply.answers": _ANSWERED,
        "_promote: isinstance(reply, Answers) and reply.answers -> True": _ANSWERED,
        "_promote: reply.answers -> True in isinstance(reply, Answers) and reply.answers": _ANSWERED,
        "_promote: answer is not None -> True in answer is not None and answer.kind is AnswerKind.FENCED": _ANSWERED,
        "_promote: answer is not None -> True in answer is not None and answer.kind in (AnswerKind.ERROR, AnswerKind.OTHER_PROCESS)": _ANSWERED,
        "_promote: answer is not None -> True in refused and answer is not None and (not state.refused)": _ANSWERED,
        "_promote: answer is None -> False in answer is None or answer.kind is not AnswerKind.DONE or answer.server is None or (intent is None)": _ANSWERED,
        "_promote: intent is None -> False in answer is None or answer.kind is not AnswerKind.DONE or answer.server is None or (intent is None)": _TYPED,
        "_promote: candidate is None -> False in candidate is None or not as_told or server.run_id != candidate.run_id": _CANDIDATE,
        "_follow_commands: primary is None -> False": _PROMOTED,
        "_follow_commands: primary is None -> False in primary is None or host is None": _PROMOTED,
        "_routing: primary is None -> False": _PROMOTED,
        "_route_read: primary is None -> False in not isinstance(reply, ServiceSeen) or primary is None": _PROMOTED,
    }
}
