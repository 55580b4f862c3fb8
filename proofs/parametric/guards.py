"""Which line of production, or which property of Valkey, makes each guard true, and the mutant that breaks it.

A row is (action, guard): the function that establishes it, and a mutant of ``spec/mutants/catalogue`` that drops or
weakens it. Guards of the replication (``attach``, ``copy`` and what follows) are Valkey's own: the function is that of
``spec/environment``, which says where Valkey has it, and there is nothing of ours to mutate.
"""

from typing import Final, NamedTuple


class Origin(NamedTuple):
    """Where a guard comes from: ``function`` as ``module:name``; ``mutant``: a name in the catalogue, or empty."""

    function: str
    mutant: str = ""


_F, _S, _E = "gungnir.machines.failover", "gungnir.machines.selection", "gungnir.machines.electorate"
_P, _R, _FENCE = "gungnir.machines.epochs", "gungnir.machines.repair", "gungnir.resources.fence"
_COMMANDS, _SERVER = "spec.environment.commands", "spec.environment.server"
_ACTING: Final = Origin(f"{_FENCE}:acting", "acting comes before voting")
_STORED: Final = Origin(f"{_F}:_intend", "unknown is taken as claimed")
_STAMPED: Final = Origin(f"{_F}:_stamp_write", "unknown is taken as stamped")
_FROZEN: Final = Origin(f"{_F}:_select", "the candidate is not stored")
_LOADING: Final = Origin(f"{_COMMANDS}:carried_out")

GUARDS: Final[dict[tuple[str, str], Origin]] = {
    ("claim", "CAS"): Origin(f"{_P}:claim", "a failover keeps the epoch"),
    ("stamp", "stored"): _STORED,
    ("stamp", "rises"): Origin(f"{_F}:_stamp_read", "a template of a newer epoch is set back"),
    ("raise", "stored"): _STORED,
    ("raise", "stamped"): _STAMPED,
    ("raise", "fence"): _ACTING,
    ("detach", "stored"): _STORED,
    ("detach", "stamped"): _STAMPED,
    ("detach", "fence"): Origin(f"{_FENCE}:voting", "voting and acting are one position"),
    ("detach", "loaded"): _LOADING,
    ("vote", "fenced"): Origin(f"{_S}:why_not", "a pod that was not fenced votes"),
    ("vote", "detached"): Origin(f"{_S}:why_not", "a pod that still follows votes"),
    ("vote", "member"): Origin(f"{_S}:why_not", "P4: a pod that was not whole since it started votes"),
    ("vote", "loaded"): Origin(f"{_S}:why_not", "a pod that is loading votes"),
    ("vote", "unfrozen"): Origin(f"{_F}:_select", "the candidate is not stored"),
    ("blank", "fenced"): Origin(f"{_F}:_ask_for_votes", "the vote is not asked for"),
    ("blank", "detached"): Origin(f"{_F}:_ask_for_votes", "the vote is not asked for"),
    ("blank", "admitted, nothing received"): Origin(f"{_S}:is_blank", "a pod that holds data is blank"),
    ("freeze by quorum", "claimed"): Origin(f"{_F}:_freeze", "a conflict is taken as frozen"),
    ("freeze by quorum", "unfrozen"): Origin(f"{_F}:_resume_promoting", "a frozen candidate is always given up"),
    ("freeze by quorum", "candidate voted"): Origin(f"{_S}:best", "the worst vote wins"),
    ("freeze by quorum", "all voted"): Origin(f"{_S}:elect", "any number of votes is enough"),
    ("freeze by quorum", "enough"): Origin(f"{_S}:votes_needed", "one vote fewer is enough"),
    ("freeze by quorum", "all count"): Origin(f"{_E}:grown", "the electorate grows by one pod less"),
    ("freeze by quorum", "history first"): Origin(f"{_S}:better", "the older history wins"),
    ("freeze by quorum", "then offset"): Origin(f"{_S}:better", "the shorter offset wins"),
    ("freeze by primary", "claimed"): Origin(f"{_F}:_freeze", "a conflict is taken as frozen"),
    ("freeze by primary", "unfrozen"): Origin(f"{_F}:_resume_promoting", "a frozen candidate is always given up"),
    ("freeze by primary", "candidate voted"): Origin(f"{_S}:best", "the worst vote wins"),
    ("freeze by primary", "primary voted"): Origin(f"{_S}:primary_voted", "any vote is enough"),
    ("freeze by primary", "of its history"): Origin(
        f"{_S}:primary_voted", "the word of a primary that went back to an older history is enough"
    ),
    ("freeze by primary", "same history"): Origin(
        f"{_S}:primary_voted", "the word of a primary that holds less than a replica is enough"
    ),
    ("freeze by primary", "same offset"): Origin(
        f"{_S}:primary_voted", "the word of a primary that holds less than a replica is enough"
    ),
    ("promote", "frozen"): _FROZEN,
    ("promote", "same process"): Origin(
        f"{_F}:_promotion", "P4: a promotion reaches another process than the one that voted"
    ),
    ("promote", "fence"): _ACTING,
    ("promote", "loaded"): _LOADING,
    ("settle", "claimed"): Origin(f"{_F}:_record", "a conflict is taken as recorded"),
    ("settle", "serves"): Origin(f"{_F}:_promote", "a promotion is not read back"),
    ("follow", "recorded"): Origin(f"{_F}:_record", "unknown is taken as recorded"),
    ("follow", "told"): Origin(f"{_F}:_follow_commands", "a failover tells a replica that is left out to follow"),
    ("follow", "not itself"): Origin(f"{_F}:_follow_commands", "the new primary is told to follow itself"),
    ("follow", "fence"): _ACTING,
    ("follow", "loaded"): _LOADING,
    ("attach", "linked"): Origin(f"{_SERVER}:can_attach"),
    ("attach", "loaded"): Origin(f"{_SERVER}:can_attach"),
    ("attach", "primary"): Origin(f"{_SERVER}:can_attach"),
    ("attach", "user of the epoch"): Origin(f"{_SERVER}:can_attach", "a voting pod accepts replicas"),
    ("attach", "whole"): Origin(f"{_SERVER}:attached"),
    ("attach", "prefix"): Origin(f"{_SERVER}:attached"),
    ("copy", "linked"): Origin(f"{_SERVER}:can_attach"),
    ("copy", "loaded"): Origin(f"{_SERVER}:can_attach"),
    ("copy", "primary"): Origin(f"{_SERVER}:can_attach"),
    ("copy", "user of the epoch"): Origin(f"{_SERVER}:can_attach", "a voting pod accepts replicas"),
    ("load", "copying"): Origin(f"{_SERVER}:loading"),
    ("loaded", "copying"): Origin(f"{_SERVER}:loaded"),
    ("stream", "open"): Origin(f"{_SERVER}:next_write"),
    ("stream", "grows"): Origin(f"{_SERVER}:next_write"),
    ("stream", "written"): Origin(f"{_SERVER}:next_write"),
    ("stream", "known"): Origin(f"{_S}:history_of", "a pod of an unknown history votes"),
    ("stream", "carried"): Origin(f"{_SERVER}:next_write"),
    ("stream", "base reached"): Origin(
        f"{_S}:history_of", "P2: the replication id is taken for the history before the data has reached it"
    ),
    ("stream", "prefix"): Origin(f"{_SERVER}:next_write"),
    ("drop", "loaded"): Origin(f"{_SERVER}:broken"),
    ("write", "serves"): Origin("spec.environment.replication:writes"),
    ("write", "new"): Origin("spec.environment.replication:written"),
    ("admit", "new"): Origin(f"{_E}:admitting", "a replica that was left out returns as a new pod"),
    ("tell", "counted"): Origin(f"{_E}:admitting", "a replica is told to follow and stays left out"),
    ("tell", "chosen"): Origin(f"{_R}:_look", "repair acts while a failover is under way"),
    ("record", "counted"): Origin(f"{_E}:members", "a pod that is not of the size is recorded as whole"),
    ("record", "seen whole"): Origin(f"{_E}:members", "every pod that answers is recorded as whole"),
    ("level", "attached"): Origin(f"{_R}:_level", "a pod that is not attached is level"),
    ("level", "base reached"): Origin(f"{_R}:_level", "a pod that is behind is level"),
    ("forget", "recorded"): Origin(f"{_R}:_healthy_primary", "repair acts while a failover is under way"),
    ("forget", "level"): Origin(f"{_E}:forgotten", "a replica is forgotten before the others hold what it held"),
    ("forget", "enough left"): Origin(f"{_E}:may_forget", "one pod may be all that is left"),
}
"""Every guard of the relation. That a row is there, and what it names, is tested; that it is apt is for the reader."""
