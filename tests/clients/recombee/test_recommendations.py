"""Recommendations, search and segments, from the first interactions on."""

import pytest
from recombee.shop import refused, wait_until
from recombee_api_client.api_requests import *
from recombee_api_client.inputs.composite_recommendation_stage_parameters import CompositeRecommendationStageParameters as Stage
from recombee_api_client.inputs.logic import Logic

GENRES = ["drama", "comedy", "war"]


@pytest.fixture
def cinema(client):
    """Sixty people who each like three films of one genre, of thirty films; the recommender has learned from them."""
    client.send(Batch([AddItemProperty("genre", "set"), AddItemProperty("year", "int"), AddItemProperty("title", "string"),
                       AddItemProperty("place", "string"), AddUserProperty("likes", "string"),
                       AddUserProperty("place", "string")]))
    client.send(Batch([SetItemValues(f"film-{i}", {"genre": [GENRES[i % 3]], "year": 1990 + i, "title": f"The film {i}",
                                                   "place": f"50.{i:02},14.4"}, cascade_create=True) for i in range(30)]))
    views = []
    for who in range(60):
        for step in range(3):
            item = (who % 3) + 3 * ((who // 3 + step) % 10)
            views.append(AddDetailView(f"user-{who}", f"film-{item}", timestamp=1_700_000_000 + who * 10 + step,
                                       cascade_create=True))
    assert {one["code"] for one in client.send(Batch(views))} == {200}
    client.send(SetUserValues("user-0", {"likes": "war", "place": "50.0,14.4"}))

    def learned():
        list_ = ids(client.send(RecommendItemsToUser("user-0", 3, min_relevance="medium")))
        return len(list_) == 3 and all(genre_of(one) == "drama" for one in list_)

    wait_until(learned)
    return client


def ids(answer):
    return [one["id"] for one in answer["recomms"]]


def genre_of(item):
    return GENRES[int(item.split("-")[1]) % 3]


def test_a_list_is_answered_before_anybody_did_anything(client):
    client.send(AddItem("a"))
    client.send(AddItem("b"))
    refused(client, RecommendItemsToUser("nobody", 5), 404)
    answer = client.send(RecommendItemsToUser("nobody", 5, cascade_create=True))
    assert sorted(ids(answer)) == ["a", "b"] and answer["numberNextRecommsCalls"] == 0 and answer["recommId"]
    assert client.send(ListUsers()) == ["nobody"]


def test_items_suit_the_user_and_are_filtered_and_boosted_before_ranking(cinema):
    send = cinema.send
    best = ids(send(RecommendItemsToUser("user-0", 5)))
    assert len(best) == 5 and [genre_of(one) for one in best[:3]] == ["drama"] * 3
    assert not {"film-0", "film-3", "film-6"} & set(best), "what they saw is not shown again while there are others"
    war = ids(send(RecommendItemsToUser("user-0", 4, filter="\"war\" in 'genre' and 'year' >= 2000")))
    assert len(war) == 4 and all(genre_of(one) == "war" and int(one[5:]) >= 10 for one in war)
    liked = ids(send(RecommendItemsToUser("user-0", 3, filter="context_user[\"likes\"] in 'genre'")))
    assert all(genre_of(one) == "war" for one in liked)
    boosted = ids(send(RecommendItemsToUser("user-0", 3, booster="if 'itemId' == \"film-9\" then 100 else 1")))
    assert boosted[0] == "film-9"
    shown = send(RecommendItemsToUser("user-0", 1, return_properties=True, included_properties=["year"], scenario="home",
                                      reql_expressions={"metres": "round(earth_distance('place', context_user[\"place\"]))",
                                                        "old": "'year' < 2000"}))["recomms"][0]
    assert set(shown) == {"id", "values", "reqlEvaluations"} and set(shown["values"]) == {"year"}
    assert shown["reqlEvaluations"]["old"] == (shown["values"]["year"] < 2000)
    assert isinstance(shown["reqlEvaluations"]["metres"], int)
    assert send(ListScenarios()) == [{"id": "home"}]
    everything = ids(send(RecommendItemsToUser("user-0", 100)))
    assert sorted(everything) == sorted(f"film-{i}" for i in range(30)) and everything[-1] in ("film-0", "film-3", "film-6")
    cinema.send(DeleteItem(best[0]))
    assert best[0] not in ids(send(RecommendItemsToUser("user-0", 100)))
    cinema.send(AddItem("brand-new"))
    assert "brand-new" in ids(send(RecommendItemsToUser("user-0", 100)))


def test_what_comes_next_was_not_shown_before(cinema):
    first = cinema.send(RecommendItemsToUser("user-1", 5))
    second = cinema.send(RecommendNextItems(first["recommId"], 5))
    third = cinema.send(RecommendNextItems(first["recommId"], 5))
    shown = ids(first) + ids(second) + ids(third)
    assert len(shown) == len(set(shown)) == 15
    assert (second["numberNextRecommsCalls"], third["numberNextRecommsCalls"]) == (1, 2)
    refused(cinema, RecommendNextItems("00000000-0000-0000-0000-000000000000", 5), 404)


def test_lists_vary_and_batches_may_show_nothing_twice(cinema):
    plain = ids(cinema.send(RecommendItemsToUser("user-2", 5)))
    rotated = RecommendItemsToUser("user-2", 5, rotation_rate=1, rotation_time=3600)
    assert not set(ids(cinema.send(rotated))) & set(ids(cinema.send(rotated)))
    assert len(ids(cinema.send(RecommendItemsToUser("user-2", 5, diversity=0.9)))) == 5
    popular = ids(cinema.send(RecommendItemsToUser("user-2", 5, logic=Logic(name="recombee:popular"))))
    assert len(popular) == 5 and popular == ids(cinema.send(RecommendItemsToUser("user-3", 5, logic="recombee:popular")))
    two = cinema.send(Batch([RecommendItemsToUser("user-2", 5), RecommendItemsToItem("film-2", "user-2", 5)],
                            distinct_recomms=True))
    assert not set(ids(two[0]["json"])) & set(ids(two[1]["json"])) and ids(two[0]["json"]) == plain


def test_items_are_like_an_item(cinema):
    like = ids(cinema.send(RecommendItemsToItem("film-4", "user-1", 3)))
    assert len(like) == 3 and "film-4" not in like and all(genre_of(one) == "comedy" for one in like)
    older = ids(cinema.send(RecommendItemsToItem("film-4", "user-1", 5, filter="'year' < context_item[\"year\"]")))
    assert all(int(one[5:]) < 4 for one in older) and len(older) == 4
    refused(cinema, RecommendItemsToItem("none", "user-1", 3), 404)
    assert len(ids(cinema.send(RecommendItemsToItem("other", "user-1", 3, cascade_create=True)))) == 3


def test_users_are_drawn_to_items_and_to_what_others_did(cinema):
    drawn = cinema.send(RecommendUsersToItem("film-5", 10))
    assert len(ids(drawn)) == 10 and all(int(one[5:]) % 3 == 2 for one in ids(drawn))
    like = ids(cinema.send(RecommendUsersToUser("user-4", 5)))
    assert len(like) == 5 and "user-4" not in like and all(int(one[5:]) % 3 == 1 for one in like)
    only = cinema.send(RecommendUsersToItem("film-0", 10, filter="'likes' == \"war\"", return_properties=True))
    assert only["recomms"] == [{"id": "user-0", "values": {"likes": "war", "place": "50.0,14.4"}}]


def test_search_finds_words_and_synonyms_and_prefers_what_suits(cinema):
    found = ids(cinema.send(SearchItems("user-0", "film 7", 3)))
    assert found[0] == "film-7"
    dramas = ids(cinema.send(SearchItems("user-0", "DRAMA", 20)))
    assert len(dramas) == 10 and all(genre_of(one) == "drama" for one in dramas)
    assert ids(cinema.send(SearchItems("user-0", "tragedy", 5))) == []
    synonym = cinema.send(AddSearchSynonym("tragedy", "drama"))
    assert synonym["term"] == "tragedy" and not synonym["oneWay"]
    refused(cinema, AddSearchSynonym("tragedy", "drama"), 409)
    assert len(ids(cinema.send(SearchItems("user-0", "tragedy", 5, filter="'year' > 2000")))) == 5
    assert cinema.send(ListSearchSynonyms())["synonyms"] == [synonym]
    assert cinema.send(DeleteSearchSynonym(synonym["id"])) == "ok"
    refused(cinema, DeleteSearchSynonym(synonym["id"]), 404)
    cinema.send(AddSearchSynonym("tragedy", "drama", one_way=True))
    assert cinema.send(DeleteAllSearchSynonyms()) == "ok"
    assert cinema.send(ListSearchSynonyms(count=5, offset=0)) == {"synonyms": []}
    refused(cinema, SearchItems("user-0", "", 5), 400)
    refused(cinema, SearchItems("nobody", "film", 5), 404)


def test_segments_of_items_are_made_and_recommended(cinema):
    send = cinema.send
    refused(cinema, RecommendItemSegmentsToUser("user-0", 3), 400)
    assert send(CreatePropertyBasedSegmentation("genres", "items", "genre", title="By genre")) == "ok"
    refused(cinema, CreatePropertyBasedSegmentation("genres", "items", "genre"), 409)
    refused(cinema, CreatePropertyBasedSegmentation("other", "items", "none"), 400)
    assert send(UpdatePropertyBasedSegmentation("genres", description="All of them")) == "ok"
    assert send(GetSegmentation("genres"))["description"] == "All of them"
    first = send(RecommendItemSegmentsToUser("user-0", 2, reql_expressions={"films": "'countItems'"}))
    assert first["recomms"][0] == {"id": "drama", "reqlEvaluations": {"films": 10}} and len(first["recomms"]) == 2
    assert len(ids(send(RecommendNextItemSegments(first["recommId"], 5)))) == 1
    assert ids(send(RecommendItemSegmentsToItem("film-1", "user-1", 1))) == ["comedy"]
    others = ids(send(RecommendItemSegmentsToItemSegment("war", "user-0", 5)))
    assert sorted(others) == ["comedy", "drama"]
    assert ids(send(SearchItemSegments("user-0", "wars war", 5))) == ["war"]
    assert ids(send(RecommendItemSegmentsToUser("user-0", 5, filter="'segmentId' != \"drama\"")))[0] != "drama"
    war = ids(send(RecommendItemsToItemSegment("war", "user-0", 20)))
    assert len(war) == 10 and all(genre_of(one) == "war" for one in war)
    refused(cinema, RecommendItemsToItemSegment("none", "user-0", 5), 404)
    refused(cinema, RecommendNextItemSegments("none", 5), 404)

    assert send(CreateManualReqlSegmentation("ages", "items")) == "ok"
    assert send(AddManualReqlSegment("ages", "old", "'year' < 2000", title="Old")) == "ok"
    refused(cinema, AddManualReqlSegment("ages", "bad", "'year' <"), 400)
    assert send(UpdateManualReqlSegment("ages", "old", "'year' < 1995")) == "ok"
    assert send(UpdateManualReqlSegmentation("ages", title="Ages")) == "ok"
    old = ids(send(RecommendItemsToItemSegment("old", "user-0", 20, scenario="ages")))
    assert sorted(old) == [f"film-{i}" for i in range(5)]
    assert send(DeleteManualReqlSegment("ages", "old")) == "ok"
    refused(cinema, DeleteManualReqlSegment("ages", "old"), 404)

    assert send(CreateAutoReqlSegmentation("decades", "items", "string(floor('year' / 10) * 10)")) == "ok"
    assert send(UpdateAutoReqlSegmentation("decades", title="Decades")) == "ok"
    assert sorted(ids(send(RecommendItemSegmentsToUser("user-0", 9, scenario="decades")))) == ["1990", "2000", "2010"]
    assert [one["segmentationId"] for one in send(ListSegmentations("items"))["segmentations"]] == ["ages", "decades", "genres"]
    refused(cinema, RecommendItemSegmentsToUser("user-0", 3), 400)
    for name in ("ages", "decades", "genres"):
        assert send(DeleteSegmentation(name)) == "ok"
    refused(cinema, GetSegmentation("genres"), 404)


def test_bad_questions_are_told_what_is_wrong(cinema):
    for wrong in ({"filter": "'year' >"}, {"filter": "'year'"}, {"booster": "'title'"}, {"filter": "'none' == 1"},
                  {"diversity": 2}, {"rotation_rate": -1}, {"min_relevance": "some"}, {"logic": 5}, {"expert_settings": {}, "filter": 5},
                  {"included_properties": ["none"]}, {"reql_expressions": {"x": "nothing()"}}):
        refused(cinema, RecommendItemsToUser("user-0", 5, **wrong), 400)
    refused(cinema, RecommendItemsToUser("user-0", -1), 400)
    refused(cinema, RecommendItemsToUser("user-0", 100_000), 400)


def test_a_composite_is_a_source_and_what_goes_with_it(cinema):
    send = cinema.send
    refused(cinema, CompositeRecommendation("home", 3), 400)
    because = send(CompositeRecommendation("because", 3, user_id="user-1", result_settings=Stage(
        return_properties=True, included_properties=["year"])))
    assert genre_of(because["source"]["id"]) == "comedy" and because["source"]["id"] not in ids(because)
    assert all(genre_of(one) == "comedy" for one in ids(because)) and set(because["recomms"][0]["values"]) == {"year"}
    assert len(ids(send(RecommendNextItems(because["recommId"], 2)))) == 2
    like = send(CompositeRecommendation("because", 2, item_id="film-4", user_id="user-1"))
    assert genre_of(like["source"]["id"]) == "comedy"
    send(CreatePropertyBasedSegmentation("genres", "items", "genre"))
    best = send(CompositeRecommendation("genres", 4, user_id="user-0", source_settings=Stage(
        filter="'segmentId' != \"comedy\"")))
    assert best["source"] == {"id": "drama"} and [genre_of(one) for one in ids(best)] == ["drama"] * 4
    nothing = send(CompositeRecommendation("genres", 4, user_id="user-0", source_settings=Stage(filter="false")))
    assert nothing["source"] is None and nothing["recomms"] == []
    found = send(CompositeRecommendation("genres", 4, user_id="user-0", search_query="war"))
    assert found["source"] == {"id": "war"} and len(ids(found)) == 4
