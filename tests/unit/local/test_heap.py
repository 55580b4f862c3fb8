"""The heap of a process that serves a local cluster."""

import gc

from gungnir.local.heap import settled_heap


def test_what_is_there_is_left_out_of_full_passes_while_it_serves() -> None:
    """Then a full pass looks at what came after alone."""
    before = {"kept": [object() for _ in range(10)]}
    with settled_heap():
        frozen = gc.get_freeze_count()
        assert frozen > 1000
        assert not any(each is before for each in gc.get_objects())
    assert gc.get_freeze_count() < frozen
    assert any(each is before for each in gc.get_objects())


def test_garbage_of_a_cycle_that_was_left_out_is_collected_by_the_next_one() -> None:
    """Clusters that follow each other in one process do not pile up what the earlier ones left."""

    class Node:
        """Knows itself."""

        def __init__(self) -> None:
            self.me: Node | None = self

    node = Node()

    def count() -> int:
        return sum(isinstance(each, Node) for each in gc.get_objects())

    with settled_heap():
        assert node.me is node
        del node
        gc.collect()
    with settled_heap():
        pass
    assert count() == 0
