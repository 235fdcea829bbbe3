// Diversity, rotation and weights in answers of a served recommender.

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

constexpr shaping all_at_once{.diversity = 0, .rotate = {.rate = 1, .seconds = 3600}, .weighing = nullptr};

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
  const names varied = asked(3, {.diversity = 1, .rotate = {}, .weighing = nullptr}, 8);
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
  const names weighed = asked(3, {.diversity = 0, .rotate = {}, .weighing = &weights}, 8);
  EXPECT_EQ(weighed.size(), 7U);
  EXPECT_TRUE(among(weighed, {"item-0"}).empty());
  EXPECT_NE(names(usual.begin(), usual.begin() + 7), weighed);

  const answer alike =
      answers_->similar("main", "item-3", 8, {}, {}, {.diversity = 0, .rotate = {}, .weighing = &weights});
  EXPECT_TRUE(among(ids(alike), {"item-0"}).empty());
}

TEST_P(shaped_answers, what_is_out_of_range_is_refused) {
  EXPECT_NE(refused([&] { asked(3, {.diversity = 2, .rotate = {}, .weighing = nullptr}); }).find("diversity"),
            std::string::npos);
  EXPECT_NE(refused([&] {
              asked(3, {.diversity = 0, .rotate = {.rate = 2, .seconds = 1}, .weighing = nullptr});
            }).find("rotation"),
            std::string::npos);
}

}  // namespace
}  // namespace eunomia::recommend
