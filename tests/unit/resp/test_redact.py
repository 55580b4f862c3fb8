import pytest

from gungnir.resp import redact


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        ("PING", "PING"),
        ("REPLICAOF 10.0.0.1 6379", "REPLICAOF 10.0.0.1 6379"),
        ("client kill type normal", "client kill type normal"),
        ("AUTH pw", "AUTH ***"),
        ("AUTH op-1 pw", "AUTH op-1 ***"),
        ("HELLO 3 AUTH op-1 pw SETNAME me", "HELLO 3 AUTH op-1 *** SETNAME me"),
        ("HELLO 3 SETNAME me auth op-1 pw", "HELLO 3 SETNAME me auth op-1 ***"),
        ("HELLO 3 AUTH pw", "HELLO 3 AUTH ***"),
        ("HELLO 3 AUTH", "HELLO 3 AUTH"),
        (
            "ACL SETUSER op-1 on >pw #00 <old !11 ~* &* +@all -debug",
            "ACL SETUSER op-1 on *** *** *** *** ~* &* +@all -debug",
        ),
        ("ACL SETUSER op-1 ~a>pw +ping#00", "ACL SETUSER op-1 *** ***"),
        ("ACL SETUSER op-1 pw (~a)", "ACL SETUSER op-1 *** ***"),
        ("ACL SETUSER >pw", "ACL SETUSER ***"),
        ("ACL SETUSER", "ACL SETUSER"),
        ("ACL DELUSER op-1", "ACL DELUSER op-1"),
        ("ACL GENPASS 5", "ACL *** ***"),
        ("CONFIG SET masterauth pw maxmemory 5", "CONFIG SET masterauth *** maxmemory 5"),
        ("CONFIG SET requirepass pw", "CONFIG SET requirepass ***"),
        ("CONFIG SET tls-auth-clients no", "CONFIG SET tls-auth-clients no"),
        ("CONFIG SET maxmemory masterauth pw", "CONFIG SET *** *** ***"),
        ("CONFIG GET requirepass", "CONFIG GET requirepass"),
        ("SET key value", "SET *** ***"),
        ("EVAL script 0", "EVAL *** ***"),
    ],
)
def test_a_command_is_shown_without_its_secrets(command: str, shown: str) -> None:
    assert redact(command.encode().split()) == shown


def test_what_is_no_command_name_is_hidden() -> None:
    assert redact([b"pass word", b"x"]) == "***"
    assert redact([]) == ""


def test_an_argument_cannot_forge_a_log_line() -> None:
    assert (
        redact([b"CLIENT", b"SETNAME", b"a\nERROR all is lost\x1b[0m"])
        == r"CLIENT SETNAME 'a\nERROR all is lost\x1b[0m'"
    )


def test_a_long_argument_is_cut() -> None:
    assert len(redact([b"PING", b"x" * 10_000])) < 300
