import socket
import sys

import pytest

from gungnir.errors import UserError
from gungnir.local.addresses import FIRST_BLOCK, LAST_BLOCK, AddressPool, claim_block, require_linux


def test_two_claims_get_different_blocks_and_a_released_one_is_free_again() -> None:
    first = claim_block()
    try:
        second = claim_block(preferred=first.number)
        try:
            assert second.number != first.number
        finally:
            second.release()
        again = claim_block(preferred=second.number)
        assert again.number == second.number
        again.release()
    finally:
        first.release()


def test_a_claim_is_given_back_by_the_end_of_its_socket_alone() -> None:
    block = claim_block(preferred=LAST_BLOCK)
    block.lock.close()
    again = claim_block(preferred=block.number)
    assert again.number == block.number
    again.release()


def test_the_addresses_of_a_block_can_be_listened_on_without_set_up() -> None:
    block = claim_block()
    try:
        for address in (block.api_address, block.operator_address, block.pod_addresses().take()):
            assert block.contains(address)
            with socket.create_server((address, 0)):
                pass
    finally:
        block.release()


def test_a_preferred_block_outside_the_range_is_not_claimed() -> None:
    block = claim_block(preferred=1)
    try:
        assert FIRST_BLOCK <= block.number <= LAST_BLOCK
    finally:
        block.release()


def test_other_systems_are_told_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(UserError, match=r"needs Linux \(this is darwin\)"):
        claim_block()


def test_an_address_is_used_again_only_after_all_others() -> None:
    pool = AddressPool(64, range(1, 3))
    first = pool.take()
    pool.give_back(first)
    others = [pool.take() for _ in range(499)]
    assert first not in others
    assert pool.take() == first


def test_a_full_pool_says_so_and_reserved_addresses_are_not_handed_out() -> None:
    pool = AddressPool(64, range(1, 2))
    pool.reserve("127.64.1.2")
    taken = [pool.take() for _ in range(249)]
    assert "127.64.1.2" not in taken
    with pytest.raises(UserError, match="all 250 addresses"):
        pool.take()


def test_addresses_of_an_earlier_run_are_skipped_for_a_while() -> None:
    pool = AddressPool(64, range(1, 100))
    pool.skip({"127.64.1.1", "127.64.1.7", "10.0.0.1", ""})
    assert pool.take() == "127.64.1.8"


def test_another_system_is_told_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    require_linux()
    monkeypatch.setattr("sys.platform", "darwin")
    with pytest.raises(UserError, match=r"needs Linux \(this is darwin\): .* use Linux, or a real Kubernetes cluster"):
        require_linux()
