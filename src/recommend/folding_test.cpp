#include "recommend/folding.h"

#include <gtest/gtest.h>

#include <iostream>
#include <random>

#include "recommend/family.h"
#include "recommend/test_shop.h"
#include "recommend/testing.h"

namespace eunomia::recommend {
namespace {

class folding_test : public testing::shop_on_both_engines {
 protected:
  std::unique_ptr<model> trained(std::string_view parameters) {
    const interactions events = load();
    const side_features none;
    return family_named("popularity").train({events, none}, parameters, {pool_, job_});
  }
  static void expect_same(std::span<const preference> a, std::span<const preference> b) {
    ASSERT_EQ(a.size(), b.size());
    for (std::size_t i = 0; i < a.size(); ++i) {
      EXPECT_EQ(a[i].item, b[i].item);
      EXPECT_EQ(a[i].weight, b[i].weight);
      EXPECT_EQ(a[i].time, b[i].time);
    }
  }
};
EUNOMIA_ON_BOTH_ENGINES(folding_test);

TEST_P(folding_test, gives_the_row_that_the_model_learned_from) {
  const unsigned seed = std::random_device{}();
  std::cout << "seed " << seed << std::endl;
  std::mt19937 random(seed);
  constexpr std::int64_t day = 86'400'000;
  std::vector<event> batch;
  for (int i = 0; i < 600; ++i) {
    event e = view(fmt::format("u{}", random() % 20), fmt::format("i{}", random() % 40),
                   static_cast<std::int64_t>(1 + random() % 60) * day);
    e.event_type = random() % 3 == 0 ? "buy" : random() % 2 == 0 ? "view" : "";
    if (random() % 2 == 0) {
      e.event_value = static_cast<double>(random() % 10);
    }
    batch.push_back(e);
  }
  record(batch);
  live_history live(*shop_);
  for (const char* const weighting :
       {R"({})", R"({"weighting":{"event_weights":{"buy":3,"view":0.5,"":0},"minimum_event_value":4}})",
        R"({"weighting":{"half_life_days":10}})"}) {
    const auto model = trained(weighting);
    const auto scorer = model->current();
    const folding fold(*model, *shop_);
    const preferences& learned = model->learned_from();
    for (int u = 0; u < 20; ++u) {
      const auto who = handle(fmt::format("u{}", u));
      const auto row = learned.find(who);
      const auto expected = row ? learned.history_of(*row) : std::vector<preference>();
      expect_same(fold.fold_in(*live.history_of(who, why_), *scorer).history, expected);
      expect_same(fold_in(shop_->history_of(who, why_), {}, *scorer, weighting_of(*model)).history, expected);
    }
  }
}

TEST_P(folding_test, items_that_came_after_the_model_say_nothing) {
  record({view("ann", "tea", 1'000), view("bob", "cup", 1'000), view("bob", "tea", 2'000)});
  const auto model = trained("{}");
  const auto scorer = model->current();
  live_history live(*shop_);
  const folding fold(*model, *shop_);
  EXPECT_EQ(fold.fold_in(*live.history_of(handle("ann"), why_), *scorer).history.size(), 1U);
  event later = view("ann", "pot", 3'000);
  later.event_type = "buy";
  record({later, view("ann", "cup", 4'000)});
  const auto folded = fold.fold_in(*live.history_of(handle("ann"), why_), *scorer);
  ASSERT_EQ(folded.history.size(), 2U);
  EXPECT_EQ(folded.history[0].item, *scorer->items().find("cup"));
  EXPECT_EQ(folded.history[1].item, *scorer->items().find("tea"));
}

}  // namespace
}  // namespace eunomia::recommend
