"""Rejected tasks are deleted by id, however many they are."""

from resonance_logs.store.rejects import (
    Rejection,
    delete_rejected,
    read_rejected,
    store_rejections,
)
from resonance_logs.store.rows import MAX_PARAMETERS
from resonance_logs.store.sqlite.connections import Store


def test_those_with_the_ids_are_deleted_and_the_others_kept(store: Store) -> None:
    rejections = [Rejection("{}", "wrong", 1, None)] * 3
    with store.write_transaction() as connection:
        store_rejections(connection, rejections)
        delete_rejected(connection, [])
        newest, *others = [each.id for each in read_rejected(connection)]
        delete_rejected(connection, others)
        assert [each.id for each in read_rejected(connection)] == [newest]


def test_more_ids_than_a_statement_may_have_are_deleted(store: Store) -> None:
    count = MAX_PARAMETERS + 1
    with store.write_transaction() as connection:
        store_rejections(connection, [Rejection("{}", "wrong", 1, None)] * count)
        delete_rejected(connection, (each.id for each in read_rejected(connection)))
        assert read_rejected(connection) == []
