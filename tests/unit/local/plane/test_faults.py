from gungnir.local.plane.faults import ALL, CLIENTS, OPERATOR, FaultTable

POD_0, POD_1 = "default/demo-0", "default/demo-1"


def test_a_cut_is_directed_and_names_both_parties() -> None:
    table = FaultTable.build([(POD_0, POD_1)], [])
    assert table.blocked(POD_0, POD_1)
    assert not table.blocked(POD_1, POD_0)
    assert not table.blocked(OPERATOR, POD_1)
    assert table.names(POD_0)
    assert table.names(POD_1)
    assert not table.names(CLIENTS)


def test_all_stands_for_everybody_but_the_party_itself() -> None:
    table = FaultTable.build([(POD_0, ALL), (ALL, POD_0)], [])
    for other in (POD_1, OPERATOR, CLIENTS):
        assert table.blocked(POD_0, other)
        assert table.blocked(other, POD_0)
    assert not table.blocked(POD_0, POD_0)
    assert not table.blocked(POD_1, OPERATOR)
    assert table.names(POD_1)


def test_a_delay_belongs_to_its_direction() -> None:
    table = FaultTable.build([], [((CLIENTS, POD_0), 40), ((ALL, POD_1), 5)])
    assert table.delay_ms(CLIENTS, POD_0) == 40
    assert table.delay_ms(POD_0, CLIENTS) == 0
    assert table.delay_ms(OPERATOR, POD_1) == 5
    assert table.delay_ms(POD_1, POD_1) == 0
