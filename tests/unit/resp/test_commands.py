from collections.abc import Callable

import pytest

from gungnir.resp import commands as c


@pytest.mark.parametrize(
    ("command", "text"),
    [
        (c.ping(), "PING"),
        (c.hello(), "HELLO 3"),
        (c.hello(2), "HELLO 2"),
        (c.hello(user="op-3", password="pw", client_name="gungnir"), "HELLO 3 AUTH op-3 pw SETNAME gungnir"),
        (c.auth("op-3", "pw"), "AUTH op-3 pw"),
        (c.info(), "INFO"),
        (c.info("server", "replication"), "INFO server replication"),
        (c.role(), "ROLE"),
        (c.multi(), "MULTI"),
        (c.exec_(), "EXEC"),
        (c.discard(), "DISCARD"),
        (c.replicaof("10.0.0.1", 6379), "REPLICAOF 10.0.0.1 6379"),
        (c.replicaof_no_one(), "REPLICAOF NO ONE"),
        (c.config_set(min_replicas_to_write=1, masterauth="x"), "CONFIG SET min-replicas-to-write 1 masterauth x"),
        (c.config_set({"min-replicas-max-lag": 10}, masteruser="u"), "CONFIG SET min-replicas-max-lag 10 masteruser u"),
        (c.config_get("repl-*", "port"), "CONFIG GET repl-* port"),
        (c.client_setname("gungnir"), "CLIENT SETNAME gungnir"),
        (c.client_kill(c.ClientType.NORMAL, skip_me=True), "CLIENT KILL TYPE normal SKIPME yes"),
        (c.client_kill(c.ClientType.MASTER, skip_me=False), "CLIENT KILL TYPE master SKIPME no"),
        (c.client_kill(user="op-2"), "CLIENT KILL USER op-2"),
        (c.client_pause(100), "CLIENT PAUSE 100 WRITE"),
        (c.client_pause(100, write=False), "CLIENT PAUSE 100 ALL"),
        (c.client_unpause(), "CLIENT UNPAUSE"),
        (c.wait(1, 500), "WAIT 1 500"),
        (c.acl_setuser("op-4", "on", "#00", "+@all"), "ACL SETUSER op-4 on #00 +@all"),
        (c.acl_deluser("op-3", "repl-3"), "ACL DELUSER op-3 repl-3"),
        (c.acl_users(), "ACL USERS"),
        (c.acl_list(), "ACL LIST"),
        (c.acl_save(), "ACL SAVE"),
        (c.acl_whoami(), "ACL WHOAMI"),
        (c.failover(), "FAILOVER"),
        (c.failover("10.0.0.2", 6379), "FAILOVER TO 10.0.0.2 6379"),
        (c.failover("h", 1, force=True, timeout_ms=50), "FAILOVER TO h 1 FORCE TIMEOUT 50"),
        (c.failover_abort(), "FAILOVER ABORT"),
        (c.shutdown(), "SHUTDOWN"),
        (c.shutdown(save=False, now=True, force=True), "SHUTDOWN NOSAVE NOW FORCE"),
        (c.shutdown(save=True), "SHUTDOWN SAVE"),
    ],
)
def test_every_builder_gives_its_command(command: c.Command, text: str) -> None:
    assert command == tuple(text.encode().split())


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: c.replicaof("", 6379), "host is ''; use a text"),
        (lambda: c.replicaof("a b", 6379), "host is 'a b'"),
        (lambda: c.replicaof("h", 0), "port is 0; use 1 to 65535"),
        (lambda: c.replicaof("h", 65536), "port is 65536"),
        (lambda: c.hello(user="u"), "only one of user and password"),
        (lambda: c.hello(user="u v", password="p"), "user is 'u v'"),
        (lambda: c.hello(client_name="a\nb"), "client_name is"),
        (lambda: c.auth("", "p"), "user is ''"),
        (c.config_set, "config_set has no parameter"),
        (c.config_get, "config_get has no pattern"),
        (c.client_kill, "client_kill has no filter"),
        (lambda: c.client_pause(0), "timeout_ms is 0; use at least 1"),
        (lambda: c.wait(-1, 0), "replicas is -1"),
        (lambda: c.wait(0, -1), "timeout_ms is -1"),
        (lambda: c.acl_setuser("a\0"), "name is"),
        (c.acl_deluser, "acl_deluser has no name"),
        (lambda: c.failover("h"), "only one of host and port"),
        (lambda: c.failover(force=True, timeout_ms=1), "force without a target"),
        (lambda: c.failover("h", 1, force=True), "force without a target or timeout_ms"),
        (lambda: c.failover(timeout_ms=0), "timeout_ms is 0"),
    ],
)
def test_a_wrong_argument_is_refused_before_it_is_sent(build: Callable[[], c.Command], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build()
