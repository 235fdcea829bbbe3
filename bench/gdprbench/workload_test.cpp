#include "bench/gdprbench/workload.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <random>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "bench/gdprbench/eunomia_store.h"
#include "bench/gdprbench/model.h"
#include "bench/gdprbench/postgresql_store.h"
#include "bench/gdprbench/run.h"

namespace eunomia::gdprbench {
namespace {

constexpr std::array roles = {role::controller, role::customer, role::processor, role::regulator};

workload_parameters small(role who, mix as, std::uint64_t seed) {
  return {who, as, 150, 120, 5, 60, 40, seed};
}

TEST(gdprbench_workload, the_same_seed_asks_the_same) {
  for (const role who : roles) {
    const auto one = operations_of(small(who, mix::shipped, 3));
    const auto other = operations_of(small(who, mix::shipped, 3));
    ASSERT_EQ(one.size(), 120 + sweeps);
    for (std::size_t i = 0; i < one.size(); ++i) {
      EXPECT_EQ(one[i].what, other[i].what);
      EXPECT_EQ(one[i].number, other[i].number);
      EXPECT_EQ(one[i].where.value, other[i].where.value);
    }
  }
}

TEST(gdprbench_workload, the_shares_of_a_mix_are_those_of_the_benchmark) {
  const auto share = [](role who, mix as, action what, attribute by) {
    const auto all = operations_of({who, as, 1000, 40'000, 25, 100, 10, 1});
    const auto count = std::ranges::count_if(
        all, [&](const workload_operation& one) { return one.what == what && one.where.by == by; });
    return 100.0 * static_cast<double>(count) / 40'000;
  };
  using enum action;
  EXPECT_NEAR(share(role::controller, mix::shipped, update_metadata, attribute::purpose), 25, 1);
  EXPECT_NEAR(share(role::customer, mix::shipped, read_metadata, attribute::subject), 10, 1);
  EXPECT_NEAR(share(role::processor, mix::shipped, read_metadata, attribute::purpose), 40, 1);
  EXPECT_NEAR(share(role::processor, mix::paper, read_data, attribute::key), 80, 1);
  EXPECT_NEAR(share(role::regulator, mix::shipped, read_metadata, attribute::subject), 46, 1);
  EXPECT_NEAR(share(role::regulator, mix::paper, read_log, attribute::key), 31, 1);
}

TEST(gdprbench_workload, popular_items_are_few_and_scattered) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const scrambled_zipfian draw(1000);
  std::map<std::uint64_t, int> counts;
  for (int i = 0; i < 100'000; ++i) {
    ++counts[draw(random)];
  }
  std::vector<std::pair<int, std::uint64_t>> by_count;
  for (const auto& [item, count] : counts) {
    ASSERT_LT(item, 1000U);
    by_count.emplace_back(count, item);
  }
  std::ranges::sort(by_count, std::greater());
  // The first has 1/26.469 of all over 10^10 items, and its share of the rest.
  EXPECT_NEAR(by_count[0].first, 100'000 / 26.469 + 100, 500);
  EXPECT_GT(std::abs(static_cast<double>(by_count[0].second) - static_cast<double>(by_count[1].second)), 1);
}

TEST(gdprbench_plan, readers_do_not_wait_for_one_another) {
  const plan made = plan_of(small(role::processor, mix::shipped, 1), [](std::string_view) { return 1U; });
  for (const planned_operation& one : made.operations) {
    for (const std::uint32_t earlier : one.after) {
      EXPECT_TRUE(one.operation.what == action::erase_expired ||
                  made.operations[earlier].operation.what == action::erase_expired);
    }
  }
}

// Whether two operations, by what they select and change, could see one another: too often rather than too seldom.
bool reaches(const plan& in, std::uint32_t from, std::uint32_t to) {
  std::vector<std::uint32_t> open = {from};
  std::vector<char> seen(in.operations.size());
  while (!open.empty()) {
    const std::uint32_t now = open.back();
    open.pop_back();
    for (const std::uint32_t earlier : in.operations[now].after) {
      if (earlier == to) {
        return true;
      }
      if (earlier > to && seen[earlier] == 0) {
        seen[earlier] = 1;
        open.push_back(earlier);
      }
    }
  }
  return false;
}

TEST(gdprbench_plan, a_read_waits_for_the_change_of_what_it_reads) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  const plan made = plan_of(small(role::customer, mix::shipped, seed), [](std::string_view) { return 1U; });
  int checked = 0;
  for (std::uint32_t later = 0; later < made.operations.size(); ++later) {
    const workload_operation& read = made.operations[later].operation;
    for (std::uint32_t earlier = 0; earlier < later; ++earlier) {
      const planned_operation& change = made.operations[earlier];
      const bool is_change = change.operation.what == action::update_metadata ||
                             change.operation.what == action::erase || change.operation.what == action::replace;
      if (is_change && change.expected.count > 0 && change.operation.where.by == read.where.by &&
          change.operation.where.value == read.where.value) {
        EXPECT_TRUE(reaches(made, later, earlier)) << later << " after " << earlier;
        ++checked;
      }
    }
  }
  EXPECT_GT(checked, 20);
}

TEST(gdprbench_plan, an_answer_depends_on_everything_in_it) {
  const auto digest = [](std::uint64_t lookup, std::uint64_t person, std::int64_t at, std::string_view means) {
    return digest_of_record(lookup, person, at, digest_of_text(means));
  };
  const std::uint64_t one = digest(1, 2, 3, "a");
  EXPECT_NE(one, digest(2, 2, 3, "a"));
  EXPECT_NE(one, digest(1, 3, 3, "a"));
  EXPECT_NE(one, digest(1, 2, 4, "a"));
  EXPECT_NE(one, digest(1, 2, 3, "b"));
  EXPECT_NE(digest_of_data("a", "b"), digest_of_data("b", "a"));
}

// A store that is wrong now and then must be found out.
class forgetful_store final : public store_under_test {
 public:
  explicit forgetful_store(std::unique_ptr<store_under_test> right) : right_(std::move(right)) {}
  void load() override { right_->load(); }
  answer perform(const workload_operation& asked) override {
    answer made = right_->perform(asked);
    made.digest += asked.what == action::read_metadata && made.count > 0 ? 1U : 0U;
    return made;
  }
  std::uint64_t lookup_of(std::string_view key) const override { return right_->lookup_of(key); }
  std::uint64_t total_bytes() override { return right_->total_bytes(); }
  std::uint64_t verified_audit_entries() override { return right_->verified_audit_entries() - 1; }

 private:
  std::unique_ptr<store_under_test> right_;
};

TEST(gdprbench_run, wrong_answers_and_a_missing_audit_entry_are_counted) {
  const workload_parameters p = small(role::processor, mix::shipped, 1);
  forgetful_store store(make_eunomia_store(p));
  const run_result result = run_workload(store, p, 4);
  EXPECT_LT(result.correct, result.operations);
  EXPECT_GT(result.correct, 0U);
  EXPECT_FALSE(result.audit_is_complete);
}

class gdprbench_run_of : public testing::TestWithParam<std::tuple<role, mix>> {
 protected:
  void expect_right(store_under_test& store, const workload_parameters& p) {
    const run_result result = run_workload(store, p, 6);
    EXPECT_EQ(result.correct, result.operations);
    EXPECT_TRUE(result.audit_is_complete);
    EXPECT_GT(result.total_bytes, result.personal_bytes);
  }
};
INSTANTIATE_TEST_SUITE_P(, gdprbench_run_of,
                         testing::Combine(testing::ValuesIn(roles), testing::Values(mix::shipped, mix::paper)),
                         [](const auto& of) {
                           return std::string(name_of(std::get<0>(of.param))) + "_" +
                                  std::string(name_of(std::get<1>(of.param)));
                         });

TEST_P(gdprbench_run_of, every_answer_is_the_models) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  const workload_parameters p = small(std::get<0>(GetParam()), std::get<1>(GetParam()), seed);
  expect_right(*make_eunomia_store(p), p);
}

TEST_P(gdprbench_run_of, every_answer_of_the_peer_is_the_models) {
  const char* const url = std::getenv("EUNOMIA_TEST_POSTGRESQL");
  if (url == nullptr) {
    GTEST_SKIP() << "NOT TESTED on PostgreSQL: set EUNOMIA_TEST_POSTGRESQL to the URL of a server that may be "
                    "written to";
  }
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  const workload_parameters p = small(std::get<0>(GetParam()), std::get<1>(GetParam()), seed);
  for (const multi_valued how : {multi_valued::arrays, multi_valued::scalars}) {
    expect_right(*make_postgresql_store(p, url, how), p);
  }
}

}  // namespace
}  // namespace eunomia::gdprbench
