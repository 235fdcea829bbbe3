"""Several clients at the same time, on the same items and people."""

import threading

from recombee_api_client.api_requests import *
from recombee_api_client.exceptions import ResponseException

CLIENTS = 6
ROUNDS = 12


def test_nothing_is_lost_and_nobody_waits_for_ever(opened):
    token = opened.token()
    opened.client(token).send(AddItemProperty("year", "int"))
    opened.client(token).send(AddUserProperty("round", "int"))
    faults = []

    def run(number):
        client = opened.client(token)
        try:
            for step in range(ROUNDS):
                item, user = f"item-{step}", f"user-{step % 4}"
                client.send(AddPurchase(user, item, timestamp=1_700_000_000 + step * 100 + number, cascade_create=True))
                client.send(SetItemValues(item, {"year": 2000 + step}, cascade_create=True))
                client.send(SetUserValues(user, {"round": step}, cascade_create=True))
                client.send(RecommendItemsToUser(user, 5, filter="'year' >= 2000 or 'year' == null", cascade_create=True))
                client.send(AddBookmark(f"only-{number}", item, cascade_create=True))
                if step % 4 == number % 4:
                    try:
                        client.send(AddItemProperty(f"p{number}-{step}", "string"))
                    except ResponseException as problem:
                        if problem.status_code != 409:
                            raise
        except Exception as problem:  # of any kind: the test fails with it
            faults.append(problem)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=240)
        assert not thread.is_alive()
    assert faults == []
    client = opened.client(token)
    assert client.send(ListItems()) == sorted(f"item-{step}" for step in range(ROUNDS))
    assert client.send(ListItems(filter="'year' == null")) == []
    assert sum(len(client.send(ListUserPurchases(f"user-{who}"))) for who in range(4)) == CLIENTS * ROUNDS
    assert all(len(client.send(ListUserBookmarks(f"only-{number}"))) == ROUNDS for number in range(CLIENTS))
    assert all(one["round"] is not None for one in client.send(ListUsers(return_properties=True)) if one["userId"].startswith("user"))
