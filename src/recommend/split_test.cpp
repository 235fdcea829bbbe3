#include "recommend/split.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "core/error.h"

namespace eunomia::recommend {
namespace {

interactions events_of(std::vector<std::string> ids, const std::vector<std::tuple<int, int, int>>& rows) {
  interactions events;
  events.items = std::make_shared<const catalogue>(std::move(ids));
  for (const auto& [subject, item, time] : rows) {
    events.subject.emplace_back(static_cast<std::uint64_t>(subject));
    events.item.push_back(static_cast<item_position>(item));
    events.time.push_back(time);
  }
  return events;
}

interactions many_people(int people, int items_each) {
  std::vector<std::string> ids;
  for (int i = 0; i < 100; ++i) {
    ids.push_back("item" + std::to_string(1000 + i));
  }
  std::vector<std::tuple<int, int, int>> rows;
  for (int p = 1; p <= people; ++p) {
    for (int i = 0; i < items_each; ++i) {
      rows.emplace_back(p, (p * 7 + i) % 100, i * 10);
    }
  }
  return events_of(std::move(ids), rows);
}

TEST(split, hold_out_people_takes_a_tenth_of_the_people_and_their_newest_tenth_as_targets) {
  const interactions events = many_people(2000, 20);
  const split result = hold_out_people(events);
  EXPECT_NEAR(static_cast<double>(result.tests.size()), 200, 60);
  std::set<core::subject_handle> trained(result.train.subject.begin(), result.train.subject.end());
  EXPECT_EQ(trained.size() + result.tests.size(), 2000U);
  for (const test_case& test : result.tests) {
    EXPECT_FALSE(trained.contains(test.subject));
    EXPECT_EQ(test.targets.size(), 2U);
    EXPECT_EQ(test.events.size(), 18U);
    EXPECT_LT(*std::max_element(test.events.time.begin(), test.events.time.end()), 180);
  }
}

TEST(split, hold_out_people_is_the_same_for_the_same_seed_and_another_for_another) {
  const interactions events = many_people(500, 12);
  const auto subjects = [&](std::uint64_t seed) {
    std::vector<core::subject_handle> result;
    for (const test_case& test : hold_out_people(events, {.seed = seed}).tests) {
      result.push_back(test.subject);
    }
    return result;
  };
  EXPECT_EQ(subjects(1), subjects(1));
  EXPECT_NE(subjects(1), subjects(2));
}

TEST(split, people_with_fewer_pairs_than_asked_are_not_tested) {
  EXPECT_TRUE(hold_out_people(many_people(500, 9)).tests.empty());
}

TEST(split, a_repeated_item_counts_once_and_the_model_is_told_nothing_after_the_first_target) {
  const interactions events = events_of({"a", "b", "c"}, {{1, 0, 10}, {1, 1, 20}, {1, 0, 30}, {1, 2, 25}});
  const split result = leave_last_out(events);
  ASSERT_EQ(result.tests.size(), 1U);
  EXPECT_EQ(result.tests[0].targets, std::vector<item_position>{2});
  EXPECT_EQ(result.tests[0].events.item, (std::vector<item_position>{0, 1}));
  EXPECT_EQ(result.train.item, (std::vector<item_position>{0, 1}));
}

TEST(split, leave_last_out_keeps_people_with_one_item_for_training) {
  const split result = leave_last_out(events_of({"a", "b"}, {{1, 0, 10}, {1, 0, 20}, {2, 1, 5}}));
  EXPECT_TRUE(result.tests.empty());
  EXPECT_EQ(result.train.size(), 3U);
}

TEST(split, given_files_are_joined_by_person_over_the_union_of_their_items) {
  const interactions train = events_of({"a", "b"}, {{1, 0, 1}, {1, 1, 2}});
  const interactions fold_in = events_of({"b", "c"}, {{7, 0, 1}, {8, 1, 1}});
  const interactions targets = events_of({"b", "d"}, {{7, 1, 2}, {7, 0, 3}, {9, 1, 1}});
  const split result = given_split(train, fold_in, targets);
  EXPECT_EQ(result.train.items->size(), 4U);
  ASSERT_EQ(result.tests.size(), 1U) << "8 has no targets, 9 no history";
  EXPECT_EQ(result.tests[0].subject, core::subject_handle(7));
  EXPECT_EQ(result.train.items->id(result.tests[0].events.item[0]), "b");
  ASSERT_EQ(result.tests[0].targets.size(), 1U) << "b is in the history and cannot be guessed";
  EXPECT_EQ(result.train.items->id(result.tests[0].targets[0]), "d");
}

TEST(split, a_catalogue_that_lacks_an_item_is_refused_by_name) {
  const interactions events = events_of({"a", "only here"}, {{1, 0, 1}});
  const auto other = std::make_shared<const catalogue>(std::vector<std::string>{"a"});
  try {
    with_catalogue(events, other);
    FAIL();
  } catch (const core::error& e) {
    EXPECT_EQ(e.code(), core::errc::invalid_argument);
    EXPECT_NE(std::string(e.what()).find("only here"), std::string::npos);
  }
}

}  // namespace
}  // namespace eunomia::recommend
