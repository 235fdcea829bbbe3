#include "recommend/preferences.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <random>
#include <tuple>

#include "core/error.h"

namespace eunomia::recommend {
namespace {

using core::subject_handle;

constexpr std::int64_t day = 86'400'000;

std::shared_ptr<const catalogue> numbered_items(int count) {
  std::vector<std::string> ids;
  for (int i = 0; i < count; ++i) {
    ids.push_back(fmt::format("i{}", 1000 + i));
  }
  return std::make_shared<catalogue>(std::move(ids));
}

struct event {
  std::uint64_t subject;
  item_position item;
  std::int64_t time;
  std::uint16_t type = 0;
  float value = NAN;
};

interactions columns_of(const std::vector<event>& rows, int items = 10) {
  interactions result;
  result.items = numbered_items(items);
  result.event_types = {"view", "purchase"};
  for (const event& row : rows) {
    result.subject.push_back(subject_handle(row.subject));
    result.item.push_back(row.item);
    result.time.push_back(row.time);
    result.event_type.push_back(row.type);
    result.event_value.push_back(row.value);
  }
  return result;
}

std::vector<event> random_rows(std::mt19937_64& random, std::size_t count, std::uint64_t people, item_position items) {
  std::vector<event> rows;
  for (std::size_t i = 0; i < count; ++i) {
    rows.push_back({1 + random() % people * 0x1234567, static_cast<item_position>(random() % items),
                    static_cast<std::int64_t>(random() % 1000) * day, static_cast<std::uint16_t>(random() % 2),
                    static_cast<float>(random() % 6)});
  }
  return rows;
}

void expect_same(const preferences& a, const preferences& b) {
  EXPECT_EQ(a.quanta_per_unit, b.quanta_per_unit);
  EXPECT_EQ(a.subjects, b.subjects);
  EXPECT_EQ(a.row_begin, b.row_begin);
  EXPECT_EQ(a.item, b.item);
  EXPECT_EQ(a.weight, b.weight);
  EXPECT_EQ(a.time, b.time);
}

void expect_refused(const interactions& events, const weighting& how, const std::string& message) {
  try {
    (void)prepare(events, how);
    FAIL() << "no error was thrown";
  } catch (const core::error& e) {
    EXPECT_EQ(e.code(), core::errc::invalid_argument);
    EXPECT_NE(std::string(e.what()).find(message), std::string::npos) << e.what();
  }
}

TEST(preferences, a_pair_has_weight_1_and_its_newest_event_whatever_the_number_of_events) {
  const auto rows = prepare(columns_of({{7, 2, 50}, {3, 1, 10}, {7, 2, 90}, {7, 0, 20}, {7, 2, 70}}), {});
  EXPECT_EQ(rows.quanta_per_unit, 1U);
  EXPECT_EQ(rows.subjects, (std::vector{subject_handle(3), subject_handle(7)}));
  EXPECT_EQ(rows.row_begin, (std::vector<std::uint64_t>{0, 1, 3}));
  EXPECT_EQ(rows.item, (std::vector<item_position>{1, 0, 2}));
  EXPECT_EQ(rows.weight, (std::vector<std::uint16_t>{1, 1, 1}));
  EXPECT_EQ(rows.time, (std::vector<std::int64_t>{10, 20, 90}));
  EXPECT_EQ(rows.newest(), 90);
}

TEST(preferences, do_not_depend_on_the_order_of_the_events) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  auto rows = random_rows(random, 5000, 60, 40);
  const weighting how{{{"view", 0.3}}, 0, 100, 900 * day};
  const auto first = prepare(columns_of(rows, 40), how);
  for (int i = 0; i < 5; ++i) {
    std::shuffle(rows.begin(), rows.end(), random);
    expect_same(first, prepare(columns_of(rows, 40), how));
  }
}

TEST(preferences, are_what_a_map_of_pairs_gives) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const auto rows = random_rows(random, 20000, 500, 100);
  const weighting how{{{"view", 0.5}, {"purchase", 2}}, 3, 0, 0};
  const auto got = prepare(columns_of(rows, 100), how);
  std::map<std::pair<std::uint64_t, item_position>, std::pair<int, std::int64_t>> expected;
  for (const event& row : rows) {
    if (row.value >= 3) {
      auto& pair = expected[{row.subject, row.item}];
      pair.first = std::max(pair.first, row.type == 0 ? 32 : 128);
      pair.second = std::max(pair.second, row.time);
    }
  }
  ASSERT_EQ(got.size(), expected.size());
  auto next = expected.begin();
  for (std::uint32_t row = 0; row < got.rows(); ++row) {
    for (const preference& p : got.history_of(row)) {
      EXPECT_EQ(next->first, std::make_pair(got.subjects[row].value(), p.item));
      EXPECT_EQ(static_cast<float>(next->second.first) / 64, p.weight);
      EXPECT_EQ(next->second.second, p.time);
      ++next;
    }
  }
}

TEST(preferences, an_event_halves_with_every_half_life_and_the_strongest_counts) {
  const weighting how{{{"purchase", 4}}, 0, 10, 100 * day};
  const auto rows = prepare(columns_of({{1, 0, 100 * day, 0},
                                        {1, 1, 90 * day, 0},
                                        {1, 2, 80 * day, 1},
                                        {1, 2, 100 * day, 0},
                                        {1, 3, 60 * day, 1},
                                        {1, 4, 500 * day, 0}}),
                            how);
  EXPECT_EQ(rows.quanta_per_unit, 64U);
  EXPECT_EQ(rows.weight, (std::vector<std::uint16_t>{64, 32, 64, 16, 64}));
  EXPECT_EQ(rows.time[2], 100 * day);
}

TEST(preferences, events_too_old_to_weigh_a_quantum_and_their_people_are_left_out) {
  const auto rows = prepare(columns_of({{1, 0, day}, {2, 1, 1000 * day}}), {{}, 0, 1, 1000 * day});
  EXPECT_EQ(rows.subjects, std::vector{subject_handle(2)});
}

TEST(preferences, event_types_that_weigh_0_are_left_out_and_stay_in_whole_units) {
  const auto rows = prepare(columns_of({{1, 0, 5, 0}, {1, 1, 6, 1}, {2, 1, 7, 0}}), {{{"view", 0}}, 0, 0, 0});
  EXPECT_EQ(rows.quanta_per_unit, 1U);
  EXPECT_EQ(rows.subjects, std::vector{subject_handle(1)});
  EXPECT_EQ(rows.item, std::vector<item_position>{1});
}

TEST(preferences, a_minimum_event_value_keeps_events_without_one) {
  const auto rows = prepare(columns_of({{1, 0, 5, 0, 2.9F}, {1, 1, 6, 0, 3.0F}, {1, 2, 7}}), {{}, 3, 0, 0});
  EXPECT_EQ(rows.item, (std::vector<item_position>{1, 2}));
}

TEST(preferences, of_a_type_that_is_named_another_minimum_value_counts) {
  weighting how;
  how.minimum_event_value = 3;
  how.minimum_event_values = {{"purchase", 10}};
  const auto rows = prepare(columns_of({{1, 0, 5, 0, 4}, {1, 1, 6, 1, 4}, {1, 2, 7, 1, 10}}), how);
  EXPECT_EQ(rows.item, (std::vector<item_position>{0, 2}));
}

TEST(preferences, only_types_that_are_named_count_where_others_weigh_nothing) {
  weighting how;
  how.event_weights = {{"purchase", 1}};
  how.other_weight = 0;
  const auto rows = prepare(columns_of({{1, 0, 5, 0}, {1, 1, 6, 1}}), how);
  EXPECT_EQ(rows.item, std::vector<item_position>{1});
  EXPECT_EQ(rows.quanta_per_unit, 1U);
}

TEST(preferences, heavy_pairs_are_capped) {
  const auto rows = prepare(columns_of({{1, 0, 5, 1}}), {{{"purchase", 1e300}}, 0, 0, 0});
  EXPECT_EQ(rows.weight[0], preferences::maximum_weight);
}

TEST(preferences, no_events_give_no_rows) {
  const auto rows = prepare(columns_of({}), {});
  EXPECT_EQ(rows.rows(), 0U);
  EXPECT_EQ(rows.row_begin, std::vector<std::uint64_t>{0});
  EXPECT_EQ(rows.transposed().begin.size(), 11U);
  EXPECT_EQ(rows.newest(), 0);
}

TEST(preferences, a_subject_is_found_by_its_handle) {
  const auto rows = prepare(columns_of({{30, 0, 1}, {10, 0, 1}, {20, 0, 1}}), {});
  EXPECT_EQ(rows.find(subject_handle(20)), 1U);
  EXPECT_FALSE(rows.find(subject_handle(15)));
  EXPECT_FALSE(rows.find(subject_handle(31)));
}

TEST(preferences, without_people_are_the_preferences_of_the_others_events) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  auto rows = random_rows(random, 3000, 50, 30);
  const auto all = prepare(columns_of(rows, 30), {});
  for (int trial = 0; trial < 20; ++trial) {
    std::vector<subject_handle> gone = {subject_handle(999'999)};
    for (const subject_handle subject : all.subjects) {
      if (random() % 20 < static_cast<unsigned>(trial)) {
        gone.push_back(subject);
        gone.push_back(subject);
      }
    }
    std::shuffle(gone.begin(), gone.end(), random);
    auto rest = rows;
    std::erase_if(rest, [&](const event& row) {
      return std::find(gone.begin(), gone.end(), subject_handle(row.subject)) != gone.end();
    });
    expect_same(all.without(gone), prepare(columns_of(rest, 30), {}));
  }
  EXPECT_EQ(all.without(all.subjects).rows(), 0U);
}

TEST(preferences, transposed_lists_the_rows_of_each_item) {
  const auto rows = prepare(columns_of({{1, 0, 5, 0}, {1, 3, 5, 1}, {2, 3, 5, 0}}, 4), {{{"purchase", 2}}, 0, 0, 0});
  const auto columns = rows.transposed();
  EXPECT_EQ(columns.begin, (std::vector<std::uint64_t>{0, 1, 1, 1, 3}));
  EXPECT_EQ(columns.row, (std::vector<std::uint32_t>{0, 0, 1}));
  EXPECT_EQ(columns.weight, (std::vector<std::uint16_t>{64, 128, 64}));
}

TEST(preferences, a_weighting_out_of_range_is_refused_by_name) {
  const auto events = columns_of({{1, 0, 5}});
  expect_refused(events, {{{"view", -1}}, 0, 0, 0}, "\"view\"");
  expect_refused(events, {{{"view", NAN}}, 0, 0, 0}, "\"view\"");
  expect_refused(events, {{}, NAN, 0, 0}, "minimum_event_value");
  expect_refused(events, {{}, 0, INFINITY, 5}, "half_life_days");
  expect_refused(events, {{}, 0, -1, 5}, "half_life_days");
  expect_refused(events, {{}, 0, 10, 0}, "as_of");
  weighting others;
  others.other_weight = -1;
  expect_refused(events, others, "other_weight");
  weighting least;
  least.minimum_event_values = {{"view", NAN}};
  expect_refused(events, least, "\"view\"");
  EXPECT_EQ(settled({{}, 0, 10, 0}, events).as_of, 5);
  EXPECT_EQ(settled({{}, 0, 10, 7}, events).as_of, 7);
  EXPECT_EQ(settled({{}, 0, 0, 0}, events).as_of, 0);
}

TEST(preferences, columns_that_do_not_belong_together_are_refused) {
  auto events = columns_of({{1, 0, 5}, {1, 99, 5}});
  expect_refused(events, {}, "item position 99");
  events.item[1] = 1;
  events.event_type[0] = 2;
  expect_refused(events, {}, "event type 2");
  events.event_type.pop_back();
  expect_refused(events, {}, "do not belong together");
}

}  // namespace
}  // namespace eunomia::recommend
