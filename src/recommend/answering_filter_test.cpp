// Filters as answers of a served recommender obey them.

#include <atomic>
#include <thread>

#include "recommend/test_answers.h"

namespace eunomia::recommend {
namespace {

using core::errc;

using testing::names;

class filtered_answers : public testing::shop_that_answers {};

EUNOMIA_ON_BOTH_ENGINES(filtered_answers);

TEST_P(filtered_answers, hold_items_of_the_metadata_that_the_filter_includes) {
  EXPECT_EQ(recommended(3, "INCLUDE ItemID WHERE Items.PRICE <= $PRICE AND Items.GENRE IN ($GENRE)",
                        {{"PRICE", "4"}, {"GENRE", "\"drama\""}}),
            (names{"item-0", "item-2", "item-4"}));
}

TEST_P(filtered_answers, know_what_somebody_did_a_moment_ago) {
  const std::string bought = "INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN (\"buy\")";
  EXPECT_EQ(recommended(0, bought), names{});
  event one = view(user(0), "item-7", 2'000'000);
  one.event_type = "Buy";
  answers_->record("shop", std::vector<event>{one});
  EXPECT_EQ(recommended(0, bought), names{"item-7"});
  EXPECT_EQ(recommended(0, "EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN (\"*\")"),
            (names{"item-2", "item-3", "item-5", "item-6"}));
}

TEST_P(filtered_answers, know_the_profile_of_the_person_and_none_of_others) {
  const std::string for_adults = "EXCLUDE ItemID WHERE Items.GENRE IN (\"war\") IF CurrentUser.AGE < 18";
  EXPECT_EQ(recommended(0, for_adults), (names{"item-0", "item-2", "item-6"}));
  EXPECT_EQ(recommended(1, for_adults).size(), 8U);
  EXPECT_EQ(recommended(2, for_adults).size(), 8U);
  EXPECT_EQ(recommended(people + 1, for_adults).size(), 8U);
}

TEST_P(filtered_answers, know_nothing_of_who_objects) {
  purposes_->choose(handle(user(0)), why_, subject::choice::object);
  EXPECT_EQ(recommended(0, "EXCLUDE ItemID WHERE Items.PRICE >= 0 IF CurrentUser.AGE < 18").size(), 8U);
  EXPECT_EQ(recommended(0, "INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN (\"*\")"), names{});
}

TEST_P(filtered_answers, of_a_visitor_know_what_they_looked_at) {
  EXPECT_EQ(
      sorted(answers_->recommend("main", {.who = {std::nullopt, {"item-2", "unknown"}},
                                          .count = 8,
                                          .include_history = true,
                                          .filter = {"INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN (\"*\")"}})),
      names{"item-2"});
}

TEST_P(filtered_answers, rank_the_given_items_that_pass) {
  const names given = {"item-1", "unknown", "item-0", "item-2"};
  EXPECT_EQ(ids(answers_->rank("main", {user(3), {}}, given, 0, {"EXCLUDE ItemID WHERE Items.PRICE < 2"})),
            (names{"item-2", "unknown"}));
  EXPECT_EQ(ids(answers_->rank("main", {user(3), {}}, given, 0, {"INCLUDE ItemID WHERE Items.PRICE < 1"})),
            names{"item-0"});
}

TEST_P(filtered_answers, compare_similar_items_with_the_one_they_are_asked_for) {
  const filtering cheaper = {
      "INCLUDE ItemID WHERE Items.PRICE < CurrentItem.PRICE AND Items.GENRE IN "
      "CurrentItem.GENRE"};
  EXPECT_EQ(ids(answers_->similar("main", "item-4", 8, cheaper)),
            among(ids(answers_->similar("main", "item-4", 8)), {"item-0", "item-1", "item-2", "item-3"}));
  EXPECT_EQ(answers_->similar("main", "item-4", 2, cheaper).items.size(), 2U);
  EXPECT_EQ(ids(answers_->similar("main", "item-4", 8, {"EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN (\"view\")"},
                                  {user(0), {}})),
            among(ids(answers_->similar("main", "item-4", 8)), {"item-2", "item-3", "item-5", "item-6", "item-7"}));
}

TEST_P(filtered_answers, say_what_a_filter_cannot_ask_for) {
  EXPECT_EQ(refused([&] { recommended(1, "INCLUDE ItemID WHERE Items.PRICE < CurrentItem.PRICE"); }),
            "filter: at 22: CurrentItem is the item that similar ones are asked for, and this question has none");
  EXPECT_EQ(refused([&] { recommended(1, "INCLUDE UserID WHERE Users.AGE < 3"); }),
            "filter: items are recommended; begin with INCLUDE ItemID or EXCLUDE ItemID");
  EXPECT_EQ(refused([&] {
              recommended(1, "", {{"PRICE", "1"}});
            }),
            "filter_values: there is no filter that they are for; give it in filter");
}

TEST_P(filtered_answers, follow_the_metadata_when_it_changes) {
  const std::string expensive = "INCLUDE ItemID WHERE Items.PRICE > 6.5";
  EXPECT_EQ(recommended(1, expensive), names{"item-7"});
  import(data_kind::items, "ITEM_ID,GENRE:category,PRICE:number", "item-0,drama,100\n");
  answers_->changed("shop");
  EXPECT_EQ(recommended(1, expensive), (names{"item-0", "item-7"}));
}

TEST_P(filtered_answers, know_what_was_put_of_items_and_people_a_moment_ago) {
  const std::string cheap = "INCLUDE ItemID WHERE Items.PRICE <= 1";
  const std::string drama = "INCLUDE ItemID WHERE Items.GENRE IN (\"drama\")";
  EXPECT_EQ(recommended(3, cheap), (names{"item-0", "item-1"}));
  EXPECT_EQ(recommended(3, drama), (names{"item-0", "item-2", "item-4", "item-6"}));
  shop_->put(data_kind::items, std::vector<metadata_record>{{"item-1", {{"PRICE", "50"}, {"GENRE", "drama"}}},
                                                            {"item-7", {{"PRICE", "0.5"}}}});
  EXPECT_EQ(recommended(3, cheap), (names{"item-0", "item-7"}));
  EXPECT_EQ(recommended(3, drama), (names{"item-0", "item-1", "item-2", "item-4", "item-6"}));
  EXPECT_EQ(sorted(answers_->recommend("main", {.count = 8, .include_history = true, .where = {"PRICE>=7"}})),
            names{"item-1"});
  const std::string for_adults = "EXCLUDE ItemID WHERE Items.GENRE IN (\"war\") IF CurrentUser.AGE < 18";
  EXPECT_EQ(recommended(1, for_adults).size(), 8U);
  shop_->put(data_kind::users, std::vector<metadata_record>{{user(1), {{"AGE", "12"}}}});
  EXPECT_EQ(recommended(1, for_adults), (names{"item-0", "item-1", "item-2", "item-6", "item-7"}));
}

TEST_P(filtered_answers, show_an_item_that_came_after_the_training_where_new_ones_are_explored) {
  const auto explored = [&](const question& asked) {
    names found;
    for (const auto& one : answers_->recommend("main", asked).items) {
      if (one.explored) {
        EXPECT_FALSE(one.score);
        found.push_back(one.item);
      }
    }
    std::sort(found.begin(), found.end());
    return found;
  };
  const question asked{.who = {user(3), {}}, .count = 8, .explore = 0.5};
  EXPECT_EQ(explored(asked), names{});
  shop_->put(data_kind::items, std::vector<metadata_record>{{"item-8", {{"PRICE", "8"}}}, {"item-9", {}}});
  EXPECT_EQ(explored(asked), (names{"item-8", "item-9"}));
  EXPECT_EQ(explored({.who = {user(3), {}}, .count = 8}), names{});
  question of_price = asked;
  of_price.where = {"PRICE>7"};
  EXPECT_EQ(explored(of_price), names{"item-8"});
  of_price.where = {};
  of_price.filter = {"EXCLUDE ItemID WHERE Items.PRICE > 7", {}};
  EXPECT_EQ(explored(of_price), names{"item-9"});
  question but_one = asked;
  but_one.exclude = {"item-9"};
  EXPECT_EQ(explored(but_one), names{"item-8"});
  but_one.exclude = {};
  but_one.only = {"item-9", "item-1"};
  EXPECT_EQ(explored(but_one), names{"item-9"});
  shop_->put(data_kind::items, std::vector<metadata_record>{{"item-8", {{"PRICE", "1"}}}});
  EXPECT_EQ(explored(of_price), (names{"item-8", "item-9"}));
  EXPECT_EQ(ids(answers_->rank("main", {user(3), {}}, {"item-8", "item-9", "never-seen"}, 0,
                               {"INCLUDE ItemID WHERE Items.PRICE <= 1", {}})),
            names{"item-8"});
  // As a start of the process finds them.
  answers_ = std::make_unique<answering>(*datasets_, *all_, *people_, "user", why_, *purposes_, pool_);
  EXPECT_EQ(explored(asked), (names{"item-8", "item-9"}));
}

TEST_P(filtered_answers, are_given_while_items_are_put) {
  std::atomic<bool> done = false;
  std::vector<std::jthread> askers;
  std::atomic<int> wrong = 0;
  for (int i = 0; i < 2; ++i) {
    askers.emplace_back([&] {
      while (!done) {
        const auto given = answers_->recommend("main", {.count = 8,
                                                        .include_history = true,
                                                        .where = {"PRICE<=100"},
                                                        .filter = {"INCLUDE ItemID WHERE Items.PRICE >= 0", {}},
                                                        .explore = 0.5});
        wrong += given.items.size() < 8 ? 1 : 0;
      }
    });
  }
  for (int i = 0; i < 40; ++i) {
    shop_->put(data_kind::items, std::vector<metadata_record>{{fmt::format("item-{}", i % 8), {{"PRICE", "7"}}},
                                                              {fmt::format("new-{}", i), {{"PRICE", "7"}}}});
    if (i % 10 == 0) {
      answers_->changed("shop");
    }
  }
  done = true;
  askers.clear();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace eunomia::recommend
