#include "recommend/ials.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "core/file.h"
#include "core/temporary_directory.h"
#include "recommend/ials_trainer.h"
#include "recommend/model_distance.h"
#include "recommend/online_retail.h"
#include "recommend/testing.h"

namespace eunomia::recommend {
namespace {

using core::subject_handle;
using testing::day;
using testing::event;
using testing::events_of;
using testing::events_without;
using testing::message_of;
using testing::numbered_items;
using testing::random_shop;
using testing::scores_of;
using testing::workshop;

constexpr std::string_view small = R"({"factors":8,"regularisation":0.01})";

// Two clusters of people and items that do not mix: even items 0, 2, ... and odd ones. The last even and the last odd
// item are cold. Features say the cluster.
struct clusters {
  static constexpr std::uint32_t items = 22;
  static constexpr std::uint32_t warm = 20;
  static constexpr std::uint32_t people = 60;

  interactions events;
  side_features features;

  clusters() {
    std::mt19937_64 random(12);
    std::vector<event> rows;
    for (std::uint32_t p = 0; p < people; ++p) {
      for (int k = 0; k < 6; ++k) {
        rows.push_back({p + 1, static_cast<item_position>(random() % (warm / 2) * 2 + p % 2)});
      }
      features.user_subjects.push_back(subject_handle(p + 1));
      features.users.values.push_back({p % 2, 1});
      features.users.row_begin.push_back(p + 1);
    }
    features.users.names = {"GROUP=even", "GROUP=odd"};
    features.items.names = {"CATEGORY=even", "CATEGORY=odd"};
    for (std::uint32_t i = 0; i < items; ++i) {
      features.items.values.push_back({i % 2, 1});
      features.items.row_begin.push_back(i + 1);
    }
    events = events_of(rows, numbered_items(items));
  }
};

std::vector<preference> history_of(std::initializer_list<item_position> items) {
  std::vector<preference> result;
  for (const item_position item : items) {
    result.push_back({item, 1, day});
  }
  return result;
}

TEST(ials, learns_of_the_columns_that_it_is_told_to) {
  const clusters shop;
  workshop place;
  const auto trained = [&](std::string_view parameters) {
    return scores_of(*ials_family().train({shop.events, shop.features}, parameters, place.context())->current(), {});
  };
  const auto all = trained(small);
  const auto none = trained(R"({"factors":8,"regularisation":0.01,"item_columns":[],"user_columns":[]})");
  side_features nothing;
  const auto without = scores_of(*ials_family().train({shop.events, nothing}, small, place.context())->current(), {});
  EXPECT_EQ(none, without);
  EXPECT_NE(all, none);
  EXPECT_EQ(trained(R"({"factors":8,"regularisation":0.01,"item_columns":["CATEGORY"],"user_columns":["GROUP"]})"),
            all);
}

TEST(ials, a_cold_item_reaches_the_people_of_its_cluster) {
  const clusters data;
  workshop shop;
  const auto m = ials_family().train({data.events, data.features}, small, shop.context());
  const auto even = history_of({0, 2, 4});
  const auto scores = scores_of(*m->current(), {even});
  EXPECT_GT(scores[20], 0.1F);
  EXPECT_GT(scores[20], scores[21] + 0.1F);
  for (item_position i = 1; i < clusters::warm; i += 2) {
    EXPECT_GT(scores[20], scores[i]);
  }
  const auto similar = m->current()->similar(20, 5);
  ASSERT_EQ(similar.size(), 5U);
  for (const scored_item& one : similar) {
    EXPECT_EQ(one.item % 2, 0U);
  }
}

TEST(ials, a_person_without_history_is_answered_by_their_features) {
  const clusters data;
  workshop shop;
  const auto m = ials_family().train({data.events, data.features}, small, shop.context());
  const feature_value odd{1, 1};
  const auto scores = scores_of(*m->current(), {{}, std::span(&odd, 1)});
  for (item_position i = 0; i + 1 < clusters::items; i += 2) {
    EXPECT_GT(scores[i + 1], scores[i]);
  }
}

TEST(ials, without_features_a_cold_item_is_no_candidate) {
  const clusters data;
  workshop shop;
  const auto m = ials_family().train({data.events, {}}, small, shop.context());
  const auto history = history_of({0, 2, 21});
  EXPECT_EQ(scores_of(*m->current(), {history})[20], -INFINITY);
  EXPECT_TRUE(m->current()->similar(20, 5).empty());
  EXPECT_TRUE(m->current()->explain({history}, 20, 5).empty());
}

TEST(ials, features_of_other_items_or_beyond_their_names_are_refused) {
  clusters data;
  workshop shop;
  data.features.items.values[3].feature = 7;
  EXPECT_NE(message_of(core::errc::invalid_argument,
                       [&] {
                         (void)ials_family().train({data.events, data.features}, small, shop.context());
                       })
                .find("position 7 of 2"),
            std::string::npos);
  data.features.items.row_begin.pop_back();
  (void)message_of(core::errc::invalid_argument, [&] {
    (void)ials_family().train({data.events, data.features}, small, shop.context());
  });
}

TEST(ials, explains_a_score_by_the_items_of_its_cluster) {
  const clusters data;
  workshop shop;
  const auto m = ials_family().train({data.events, {}}, small, shop.context());
  const auto history = history_of({0, 2, 6, 8, 5});
  const auto why = m->current()->explain({history}, 4, 10);
  ASSERT_FALSE(why.empty());
  EXPECT_EQ(why[0].item % 2, 0U);
  float sum = 0;
  for (const contribution& one : why) {
    EXPECT_GT(one.share, 0);
    sum += one.share;
  }
  EXPECT_NEAR(sum, 1, 1e-5);
}

// The definition: what the score loses, with the same matrix, when an item's term is left out. Here all terms count.
TEST(ials, explanations_of_one_item_histories_are_all_of_it) {
  const clusters data;
  workshop shop;
  const auto m = ials_family().train({data.events, {}}, small, shop.context());
  const auto history = history_of({0});
  const auto why = m->current()->explain({history}, 2, 10);
  ASSERT_EQ(why.size(), 1U);
  EXPECT_EQ(why[0].item, 0U);
  EXPECT_FLOAT_EQ(why[0].share, 1);
}

TEST(ials, forgetting_brings_the_model_nearer_to_a_retrain_and_rederiving_is_one) {
  std::mt19937_64 random(13);
  const auto events = random_shop(random, 150, 60, 10);
  workshop shop;
  const auto m = ials_family().train({events, {}}, R"({"factors":8,"iterations":60})", shop.context());
  std::vector<subject_handle> gone;
  for (std::uint32_t row = 0; row < 40; ++row) {
    gone.push_back(m->learned_from().subjects[row * 3]);
  }
  const auto before = m->current();
  const auto retrained = ials_family().train({events_without(events, gone), {}}, m->parameters(), shop.context());
  const auto& rest = retrained->learned_from();
  std::vector<std::vector<preference>> histories;
  for (std::uint32_t row = 0; row < rest.rows(); ++row) {
    histories.push_back(rest.history_of(row));
  }
  const auto report = m->forget(gone, shop.context());
  EXPECT_EQ(report.level, forgetting_level::converged);
  EXPECT_EQ(report.subjects, 40U);
  EXPECT_FALSE(m->learned_from().find(gone[0]).has_value());
  const model_distance untouched = distance(*before, *retrained->current(), histories);
  const model_distance forgotten = distance(*m->current(), *retrained->current(), histories);
  EXPECT_LT(forgotten.relative_difference, untouched.relative_difference);
  EXPECT_EQ(forgotten.compared, rest.rows());

  m->rederive(shop.context());
  const model_distance none = distance(*m->current(), *retrained->current(), histories);
  EXPECT_EQ(none.relative_difference, 0);
  EXPECT_EQ(none.overlap, 1);
  EXPECT_EQ(none.identical, none.compared);
  core::temporary_directory folder;
  m->save(folder.path() / "rederived");
  retrained->save(folder.path() / "retrained");
  EXPECT_TRUE(core::read_file(folder.path() / "rederived") == core::read_file(folder.path() / "retrained"));
}

TEST(ials, forgetting_takes_a_persons_features_out_too) {
  clusters data;
  workshop shop;
  const auto m = ials_family().train({data.events, data.features}, small, shop.context());
  const subject_handle gone(7);
  (void)m->forget(std::span(&gone, 1), shop.context());
  m->rederive(shop.context());
  side_features rest = data.features;
  rest.users.values[6].value = 1000;  // must not matter
  const auto retrained =
      ials_family().train({events_without(data.events, {gone}), rest}, m->parameters(), shop.context());
  core::temporary_directory folder;
  m->save(folder.path() / "rederived");
  retrained->save(folder.path() / "retrained");
  EXPECT_TRUE(core::read_file(folder.path() / "rederived") == core::read_file(folder.path() / "retrained"));
}

TEST(ials, saved_with_side_features_opens_to_the_same_answers_and_bytes) {
  const clusters data;
  workshop shop;
  const auto m = ials_family().train({data.events, data.features}, small, shop.context());
  core::temporary_directory folder;
  m->save(folder.path() / "model");
  const auto opened = load_model(folder.path() / "model", shop.context());
  const auto history = history_of({1, 3});
  const feature_value odd{1, 1};
  const person who{history, std::span(&odd, 1)};
  EXPECT_EQ(scores_of(*opened->current(), who), scores_of(*m->current(), who));
  opened->save(folder.path() / "again");
  EXPECT_TRUE(core::read_file(folder.path() / "model") == core::read_file(folder.path() / "again"));
}

TEST(ials, starts_an_item_from_its_identifier_whatever_else_there_is) {
  const auto factors_of_first = [](std::uint32_t items) {
    workshop shop;
    const preferences rows = prepare(events_of({{1, 0}}, numbered_items(items)), {});
    const row_features none;
    ials_trainer trainer(rows, none, none, {}, 1, {shop.pool, shop.job});
    trainer.start(4, 0.1, 5);
    const item_factors factors = trainer.finish();
    return std::fabs(factors.rows.row(0)[3]);  // its length, after the rotation
  };
  EXPECT_GT(factors_of_first(1), 0);
  EXPECT_EQ(factors_of_first(1), factors_of_first(9));
}

TEST(ials, parameters_out_of_range_are_named) {
  for (const auto& [json, name] : {std::pair{R"({"factors":0})", "factors"},
                                   {R"({"regularisation":0})", "regularisation"},
                                   {R"({"unobserved_weight":-1})", "unobserved_weight"},
                                   {R"({"iterations":0})", "iterations"},
                                   {R"({"regularisation_exponent":3})", "regularisation_exponent"},
                                   {R"({"latent":3})", "latent"}}) {
    const std::string message =
        message_of(core::errc::invalid_argument, [&, text = json] { (void)ials_family().complete(text); });
    EXPECT_NE(message.find(name), std::string::npos) << message;
  }
}

TEST(ials, reaches_the_quality_of_the_reference_on_online_retail) {
  const auto data = testing::online_retail::read();
  if (!data) {
    GTEST_SKIP() << "data/online-retail/split is not there; set EUNOMIA_SHARED";
  }
  workshop shop;
  const auto m = ials_family().train({data->train, {}}, "{}", shop.context());
  const auto quality = testing::quality_of(testing::all_top_25(*m->current(), *data), *data);
  EXPECT_GE(quality.ndcg_at_10, 0.080);
}

}  // namespace
}  // namespace eunomia::recommend
