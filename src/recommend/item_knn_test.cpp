#include "recommend/item_knn.h"

#include <gtest/gtest.h>

#include <map>

#include "recommend/cooccurrence.h"
#include "recommend/testing.h"

namespace eunomia::recommend {
namespace {

using testing::day;
using testing::event;
using testing::events_of;
using testing::numbered_items;
using testing::scores_of;
using testing::workshop;

std::unique_ptr<model> train(const std::vector<event>& rows, std::uint32_t items, std::string_view parameters = "{}") {
  workshop shop;
  const auto events = events_of(rows, numbered_items(items));
  return item_knn_family().train({events, {}}, parameters, shop.context());
}

// Item 0: people 1 2 3 4; item 1: 1 2; item 2: 4; item 3: nobody; item 4: 5.
const std::vector<event> small_shop = {{1, 0}, {2, 0}, {3, 0}, {4, 0}, {1, 1}, {2, 1}, {4, 2}, {5, 4}};

TEST(cooccurrence, is_the_product_of_the_matrix_with_itself) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::mt19937_64 random(seed);
  for (const auto& [items, heavy] : {std::pair{20U, 1.0}, std::pair{20U, 0.3}, std::pair{5000U, 0.3}}) {
    const auto events = testing::random_shop(random, 40, items, 6);
    const auto rows = prepare(events, {{{"purchase", heavy}}, 0, 0, 0});
    const auto columns = rows.transposed();
    std::map<std::pair<item_position, item_position>, std::pair<std::uint32_t, std::uint64_t>> expected;
    for (std::uint32_t row = 0; row < rows.rows(); ++row) {
      for (std::uint64_t a = rows.row_begin[row]; a < rows.row_begin[row + 1]; ++a) {
        for (std::uint64_t b = rows.row_begin[row]; b < rows.row_begin[row + 1]; ++b) {
          auto& element = expected[{rows.item[a], rows.item[b]}];
          element.first += 1;
          element.second += std::uint64_t{rows.weight[a]} * rows.weight[b];
        }
      }
    }
    const cooccurrence_rows counts(rows, columns, true);
    cooccurrence_rows::scratch memory;
    std::size_t found = 0;
    for (item_position i = 0; i < items; ++i) {
      for (const cooccurrence& c : counts.row(i, memory)) {
        ++found;
        const auto& element = expected[std::make_pair(i, c.item)];
        ASSERT_EQ(c.people, element.first);
        ASSERT_EQ(c.weight, element.second);
      }
    }
    EXPECT_EQ(found, expected.size());
  }
}

TEST(cooccurrence, counts_beyond_32_bits) {
  preferences rows;
  rows.items = numbered_items(2);
  rows.quanta_per_unit = 64;
  for (std::uint64_t person = 1; person <= 5000; ++person) {
    rows.subjects.push_back(core::subject_handle(person));
    rows.item.insert(rows.item.end(), {0, 1});
    rows.weight.insert(rows.weight.end(), {1023, 1023});
    rows.time.insert(rows.time.end(), {0, 0});
    rows.row_begin.push_back(rows.item.size());
  }
  const auto columns = rows.transposed();
  const cooccurrence_rows counts(rows, columns, false);
  cooccurrence_rows::scratch memory;
  for (const cooccurrence& c : counts.row(1, memory)) {
    EXPECT_EQ(c.weight, std::uint64_t{5000} * 1023 * 1023);
  }
}

TEST(item_knn, scores_by_cosine_and_fills_up_by_popularity) {
  const auto m = train(small_shop, 5);
  const preference known{0, 1, day};
  const auto scores = scores_of(*m->current(), {std::span(&known, 1)});
  EXPECT_FLOAT_EQ(scores[1], static_cast<float>(2 / std::sqrt(4.0 * 2.0)));
  EXPECT_FLOAT_EQ(scores[2], static_cast<float>(1 / std::sqrt(4.0 * 1.0)));
  EXPECT_EQ(scores[3], -INFINITY);
  EXPECT_LT(scores[4], 0);
  const auto anonymous = scores_of(*m->current(), {});
  EXPECT_GT(anonymous[0], anonymous[1]);
  EXPECT_GT(anonymous[1], anonymous[2]);
}

TEST(item_knn, discounts_popularity_shrinks_and_sharpens_as_asked) {
  const preference known{0, 1, day};
  const person who{std::span(&known, 1)};
  const auto to_1 = [&](std::string_view parameters) {
    return scores_of(*train(small_shop, 5, parameters)->current(), who)[1];
  };
  EXPECT_FLOAT_EQ(to_1(R"({"popularity_discount":0})"), 2 / 4.0F);
  EXPECT_FLOAT_EQ(to_1(R"({"popularity_discount":1})"), 2 / 2.0F);
  EXPECT_FLOAT_EQ(to_1(R"({"popularity_discount":0,"shrinkage":2})"), 2 / 4.0F * 2 / 4.0F);
  EXPECT_FLOAT_EQ(to_1(R"({"popularity_discount":0,"exponent":2})"), 2 / 4.0F * 2 / 4.0F);
  EXPECT_LT(to_1(R"({"minimum_co_interactions":3})"), 0);
  EXPECT_GT(to_1(R"({"minimum_co_interactions":2})"), 0);
}

TEST(item_knn, keeps_the_nearest_of_each_candidate_ties_by_position) {
  // Candidate 3 is as near to 0, 1 and 2.
  const auto m = train({{1, 3}, {1, 0}, {1, 1}, {1, 2}}, 4, R"({"neighbours":2})");
  const auto similar = m->current()->similar(3, 10);
  ASSERT_EQ(similar.size(), 2U);
  EXPECT_EQ(similar[0].item, 0U);
  EXPECT_EQ(similar[1].item, 1U);
  EXPECT_TRUE(m->current()->similar(3, 0).empty());
}

TEST(item_knn, does_not_depend_on_the_order_of_the_history) {
  std::mt19937_64 random(5);
  workshop shop;
  const auto events = testing::random_shop(random, 60, 40, 10);
  const auto m = item_knn_family().train({events, {}}, "{}", shop.context());
  auto history = m->learned_from().history_of(7);
  const auto scores = scores_of(*m->current(), {history});
  std::reverse(history.begin(), history.end());
  EXPECT_EQ(scores_of(*m->current(), {history}), scores);
}

TEST(item_knn, explains_a_score_by_parts_that_add_up_to_it) {
  std::mt19937_64 random(6);
  workshop shop;
  const auto events = testing::random_shop(random, 60, 40, 10);
  const auto m =
      item_knn_family().train({events, {}}, R"({"history":{"older_weight":0.5,"basket_hours":48}})", shop.context());
  const auto history = m->learned_from().history_of(3);
  const auto scores = scores_of(*m->current(), {history});
  int explained = 0;
  for (item_position j = 0; j < scores.size(); ++j) {
    const auto why = m->current()->explain({history}, j, 100);
    EXPECT_EQ(why.empty(), scores[j] <= 0);
    double sum = 0;
    for (const contribution& part : why) {
      sum += part.share;
      EXPECT_TRUE(
          std::any_of(history.begin(), history.end(), [&](const preference& p) { return p.item == part.item; }));
    }
    explained += !why.empty();
    EXPECT_NEAR(sum, why.empty() ? 0 : 1, 1e-5);
    EXPECT_TRUE(std::is_sorted(why.begin(), why.end(),
                               [](const contribution& a, const contribution& b) { return a.share > b.share; }));
  }
  EXPECT_GT(explained, 0);
}

TEST(item_knn, refuses_parameters_out_of_range_by_name) {
  EXPECT_EQ(testing::message_of(core::errc::invalid_argument,
                                [] { (void)item_knn_family().complete(R"({"neighbours":0})"); }),
            "item-knn: neighbours must be 1 to 10000, got 0");
}

// Every parameter, also where popularity_discount leaves similarities as they are when somebody goes.
TEST(item_knn, forgets_exactly_with_every_kind_of_parameters) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::mt19937_64 random(seed);
  workshop shop;
  for (const std::string_view parameters :
       {R"({"neighbours":3})", R"({"neighbours":3,"popularity_discount":1})",
        R"({"neighbours":2,"popularity_discount":0})", R"({"neighbours":3,"popularity_discount":0.9999999999999999})",
        R"({"neighbours":4,"minimum_co_interactions":2,"weighting":{"event_weights":{"view":0.5}}})",
        R"({"neighbours":3,"shrinkage":5,"exponent":1.5})"}) {
    SCOPED_TRACE(parameters);
    const auto events = testing::random_shop(random, 60, 25, 6);
    const auto m = item_knn_family().train({events, {}}, parameters, shop.context());
    const auto everybody = m->learned_from().subjects;
    std::vector<core::subject_handle> gone;
    for (std::size_t i = 0; i + 1 < everybody.size(); ++i) {
      gone.push_back(everybody[i]);
      (void)m->forget(std::span(&gone.back(), 1), shop.context());
      const auto retrained =
          item_knn_family().train({testing::events_without(events, gone), {}}, parameters, shop.context());
      for (item_position j = 0; j < 25; ++j) {
        ASSERT_EQ(m->current()->similar(j, 25), retrained->current()->similar(j, 25)) << i << " " << j;
      }
    }
  }
}

}  // namespace
}  // namespace eunomia::recommend
