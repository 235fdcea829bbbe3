// Diversity, rotation and weights in answers of a served recommender.

#include <algorithm>

#include "recommend/family.h"
#include "recommend/item_weighing.h"
#include "recommend/test_answers.h"

namespace eunomia::recommend {
namespace {

using testing::names;

class shaped_answers : public testing::shop_that_answers {
 protected:
  names asked(std::uint32_t person, const shaping& shape, std::size_t count = 4) {
    return ids(answers_->recommend(
        "main", {.who = {user(person), {}}, .count = count, .include_history = true, .shape = shape}));
  }
};

EUNOMIA_ON_BOTH_ENGINES(shaped_answers);

const shaping all_at_once{
    .diversity = 0, .rotate = {.rate = 1, .seconds = 3600}, .weighing = nullptr, .by = {}, .context = {}};

TEST_P(shaped_answers, rotation_shows_something_else_the_next_time_and_to_nobody_else) {
  const names usual = asked(3, {});
  const names of_somebody_else = asked(4, {});
  EXPECT_EQ(asked(3, all_at_once), usual);
  const names next = asked(3, all_at_once);
  EXPECT_TRUE(among(next, usual).empty()) << "four of eight were shown; the other four are left";
  EXPECT_EQ(asked(3, {}), usual) << "who does not ask for rotation has none";
  EXPECT_EQ(asked(4, all_at_once), of_somebody_else);
}

TEST_P(shaped_answers, rotation_is_forgotten_with_the_person) {
  asked(3, all_at_once);
  const auto handle = people_->find("user", user(3));
  ASSERT_TRUE(handle);
  const core::subject_handle gone[] = {*handle};
  shop_->erase_subjects(gone, pool_, job_);
  // The house's directory still knows them here: what was shown is forgotten, so that they are as at the first time.
  const names first = asked(3, all_at_once);
  EXPECT_EQ(first, asked(3, {}));
}

TEST_P(shaped_answers, an_unknown_person_has_no_memory_to_rotate_by) {
  const auto visitor = [&] {
    return ids(answers_->recommend("main", {.who = {"nobody-yet", {}}, .count = 4, .shape = all_at_once}));
  };
  EXPECT_EQ(visitor(), visitor());
}

TEST_P(shaped_answers, diversity_begins_with_the_best_and_changes_the_rest) {
  const names usual = asked(3, {}, 8);
  const names varied = asked(3, {.diversity = 1, .rotate = {}, .weighing = nullptr, .by = {}, .context = {}}, 8);
  ASSERT_EQ(varied.size(), usual.size());
  EXPECT_EQ(varied.front(), usual.front());
  EXPECT_NE(varied, usual);
}

// By the price, as it is known; nothing of the cheapest.
class dear_first final : public item_weighing {
 public:
  void weigh(const asked_facts& facts, std::span<float> factors) const override {
    for (std::size_t price = 0; price < 8; ++price) {
      const item_condition dearer{"PRICE", comparison::greater_or_equal, {std::to_string(price)}};
      const auto meets = facts.candidates_that_meet("weights", dearer);
      for (item_position item = 0; item < factors.size(); ++item) {
        factors[item] = price == 0 ? 0 : factors[item] + (meets->contains(item) ? 1000.0F : 0);
      }
    }
  }
};

TEST_P(shaped_answers, weights_count_before_the_best_are_chosen) {
  const dear_first weights;
  const names usual = asked(3, {}, 8);
  ASSERT_EQ(usual.size(), 8U);
  const names weighed = asked(3, {.diversity = 0, .rotate = {}, .weighing = &weights, .by = {}, .context = {}}, 8);
  EXPECT_EQ(weighed.size(), 7U);
  EXPECT_TRUE(among(weighed, {"item-0"}).empty());
  EXPECT_NE(names(usual.begin(), usual.begin() + 7), weighed);

  const answer alike = answers_->similar("main", "item-3", 8, {}, {},
                                         {.diversity = 0, .rotate = {}, .weighing = &weights, .by = {}, .context = {}});
  EXPECT_TRUE(among(ids(alike), {"item-0"}).empty());
}

shaping by(const emphasis& how) {
  shaping wanted;
  wanted.by = how;
  return wanted;
}

shaping in_circumstances(const std::string& column, const std::string& value) {
  shaping wanted;
  wanted.context.emplace(column, value);
  return wanted;
}

TEST_P(shaped_answers, an_influence_of_one_orders_by_what_has_it) {
  const names dearest = {"item-7", "item-6", "item-5", "item-4", "item-3", "item-2", "item-1", "item-0"};
  const shaping wanted = by({.popularity = 0, .freshness = 0, .column = "price", .of_column = 1});
  EXPECT_EQ(asked(3, wanted, 8), dearest);
  EXPECT_NE(asked(3, {}, 8), dearest);
  const answer ranked =
      answers_->rank("main", {user(3), {}}, {"item-2", "nothing-known", "item-6", "item-4"}, 0, {}, wanted);
  EXPECT_EQ(ids(ranked), (names{"item-6", "item-4", "item-2", "nothing-known"}));
  const answer alike = answers_->similar("main", "item-3", 3, {}, {}, wanted);
  EXPECT_EQ(ids(alike).front(), "item-7");
}

TEST_P(shaped_answers, popularity_follows_who_is_forgotten) {
  // item-0 has one admirer more than the others, until they are forgotten.
  record({view("fan", "item-0"), view("fan-too", "item-0"), view("fan-three", "item-0")});
  settle();
  all_->train("main", why_, {pool_, job_});
  const shaping popular = by({.popularity = 1, .freshness = 0, .column = {}, .of_column = 0});
  EXPECT_EQ(asked(3, popular, 1), names{"item-0"});
  std::vector<core::subject_handle> gone;
  for (const char* const who : {"fan", "fan-too", "fan-three"}) {
    gone.push_back(handle(who));
  }
  all_->forget_in_memory(gone, {pool_, job_});
  recommender_record without;
  without.name = "without";
  without.dataset = "shop";
  without.what = {"ease", "{}"};
  all_->create(without);
  forget(gone);
  all_->train("without", why_, {pool_, job_});
  const auto of = [&](const char* recommender) {
    return ids(answers_->recommend(recommender,
                                   {.who = {user(3), {}}, .count = 8, .include_history = true, .shape = popular}));
  };
  EXPECT_EQ(of("main"), of("without"));
}

TEST_P(shaped_answers, who_is_not_known_is_shown_what_is_popular) {
  record({view("fan", "item-6"), view("fan-too", "item-6"), view("fan-too", "item-2"), view("fan-three", "item-6"),
          view("fan-three", "item-2")});
  settle();
  recommender_record wanted;
  wanted.dataset = "shop";
  for (const family* const one : families()) {
    wanted.name = std::string("of-") + std::string(one->name());
    wanted.what = {std::string(one->name()), "{}"};
    all_->create(wanted);
    all_->train(wanted.name, why_, {pool_, job_});
    const answer given = answers_->recommend(wanted.name, {.who = {"nobody-yet", {}}, .count = 2});
    EXPECT_EQ(ids(given), (names{"item-6", "item-2"})) << one->name();
    EXPECT_FALSE(given.personal);
    EXPECT_EQ(ids(answers_->rank(wanted.name, {"nobody-yet", {}}, {"item-1", "item-2", "item-6"})),
              (names{"item-6", "item-2", "item-1"}))
        << one->name();
  }
}

TEST_P(shaped_answers, freshness_goes_by_when_items_came) {
  EXPECT_THROW(asked(3, by({.popularity = 0, .freshness = 0.5, .column = {}, .of_column = 0})), core::error)
      << "there is no column that says so yet";
  import(data_kind::items, "ITEM_ID,CREATION_TIMESTAMP:integer", "item-2,1760000300\nitem-5,1760000200\n");
  answers_->changed("shop");
  const names list = asked(3, by({.popularity = 0, .freshness = 1, .column = {}, .of_column = 0}), 8);
  EXPECT_EQ(names(list.begin(), list.begin() + 2), (names{"item-2", "item-5"}));
}

TEST_P(shaped_answers, what_others_had_in_the_same_circumstances_comes_first) {
  // At home everybody has item-1 and nothing else, on the way item-6.
  std::vector<event> batch;
  for (std::uint32_t person = 0; person < 200; ++person) {
    batch.push_back(view(fmt::format("passer-by-{}", person), person % 2 == 0 ? "item-1" : "item-6"));
    batch.back().properties = {{"PLACE", person % 2 == 0 ? "home" : "way"}};
  }
  record(batch);
  settle();
  all_->train("main", why_, {pool_, job_});
  const auto at = [&](const std::string& column, const std::string& place) {
    return asked(3, in_circumstances(column, place), 8);
  };
  const auto place_of = [](const names& list, const char* item) {
    return std::ranges::find(list, item) - list.begin();
  };
  const names usual = asked(3, {}, 8);
  const names home = at("place", "home");
  const names way = at("PLACE", "way");
  EXPECT_LT(place_of(home, "item-1"), place_of(home, "item-6"));
  EXPECT_LT(place_of(way, "item-6"), place_of(way, "item-1"));
  EXPECT_EQ(at("PLACE", "elsewhere"), usual) << "of which nothing is known";
  EXPECT_EQ(at("WEATHER", "rain"), usual) << "which is no column";
  const answer ranked =
      answers_->rank("main", {user(3), {}}, {"item-6", "item-1"}, 0, {}, in_circumstances("PLACE", "home"));
  EXPECT_EQ(ids(ranked), (names{"item-1", "item-6"}));
}

TEST_P(shaped_answers, circumstances_are_counted_without_who_is_forgotten) {
  std::vector<event> batch;
  for (std::uint32_t person = 0; person < 40; ++person) {
    batch.push_back(view(fmt::format("passer-by-{}", person), person < 30 ? "item-1" : "item-6"));
    batch.back().properties = {{"PLACE", person < 30 ? "home" : "way"}};
  }
  record(batch);
  settle();
  const auto counts = [&] { return shop_->count_values("place", why_, pool_, job_); };
  const item_value_counts before = counts();
  EXPECT_EQ(before.events, 40U);
  ASSERT_EQ(before.values.size(), 2U);
  EXPECT_EQ(before.values.at("home").events, 30U);
  const names with_them = asked(3, in_circumstances("PLACE", "home"), 8);
  std::vector<core::subject_handle> gone;
  for (std::uint32_t person = 0; person < 30; ++person) {
    gone.push_back(handle(fmt::format("passer-by-{}", person)));
  }
  forget(gone);
  EXPECT_FALSE(counts().values.contains("home"));
  const names without_them = asked(3, in_circumstances("PLACE", "home"), 8);
  EXPECT_EQ(without_them, asked(3, {}, 8)) << "nobody was at home";
  EXPECT_NE(with_them, without_them);
  EXPECT_THROW(shop_->count_values("WEATHER", why_, pool_, job_), core::error);
}

TEST_P(shaped_answers, what_is_out_of_range_is_refused) {
  EXPECT_NE(refused([&] {
              asked(3, {.diversity = 2, .rotate = {}, .weighing = nullptr, .by = {}, .context = {}});
            }).find("diversity"),
            std::string::npos);
  EXPECT_NE(
      refused([&] {
        asked(3, {.diversity = 0, .rotate = {.rate = 2, .seconds = 1}, .weighing = nullptr, .by = {}, .context = {}});
      }).find("rotation"),
      std::string::npos);
}

}  // namespace
}  // namespace eunomia::recommend
