// A/B tests of recommenders, on both engines of SQL.

#include "recommend/ab_tests.h"

#include <array>
#include <cmath>

#include "core/time.h"
#include "recommend/ab_custodian.h"
#include "recommend/ab_report.h"
#include "recommend/test_answers.h"
#include "subject/custody/testing.h"

namespace eunomia::recommend {
namespace {

using core::errc;

ab_definition two_arms() {
  return {.arms = {{.name = "ease", .recommender = "main", .deployment = {}, .share = 1},
                   {.name = "popular", .recommender = "second", .deployment = {}, .share = 1}},
          .metrics = {{.name = "bought", .event_type = "buy", .measure = ab_measure::conversion, .column = {}},
                      {.name = "events", .event_type = {}, .measure = ab_measure::count, .column = {}},
                      {.name = "turnover", .event_type = "buy", .measure = ab_measure::sum, .column = "PRICE"},
                      {.name = "value", .event_type = "buy", .measure = ab_measure::sum, .column = "EVENT_VALUE"}}};
}

class ab_testing : public testing::shop_that_answers {
 protected:
  void SetUp() override {
    shop_that_answers::SetUp();
    if (IsSkipped()) {
      return;
    }
    recommender_record second;
    second.name = "second";
    second.dataset = "shop";
    second.what = {"popularity", "{}"};
    all_->create(second);
    tests_ = std::make_unique<ab_tests>(db(), *keys_, *all_);
  }
  void TearDown() override {
    tests_.reset();
    shop_that_answers::TearDown();
  }

  void expose(const ab_test& test, std::uint32_t person) {
    tests_->expose(test, arm_of(test, user(person)), handle(user(person)));
  }
  static event bought(std::uint32_t person, const std::string& item, std::int64_t time, double value = 0) {
    event one = view(user(person), item, time);
    one.event_type = "buy";
    one.event_value = value;
    return one;
  }
  ab_report report(const ab_test& test) { return report_of(test, *tests_, *shop_, why_, pool_, job_); }
  static errc code_of(const std::function<void()>& action) {
    try {
      action();
    } catch (const core::error& problem) {
      return problem.code();
    }
    return errc::internal;
  }

  std::unique_ptr<ab_tests> tests_;
};

EUNOMIA_ON_BOTH_ENGINES(ab_testing);

TEST_P(ab_testing, everybody_keeps_their_arm_and_the_arms_have_their_shares) {
  ab_definition what = two_arms();
  what.arms[1].share = 3;
  const auto test = tests_->create("prices", what);
  const auto other = tests_->create("other", what);
  int second = 0;
  int both = 0;
  constexpr int drawn = 20'000;
  for (int i = 0; i < drawn; ++i) {
    const std::string who = fmt::format("somebody-{}", i);
    const std::size_t arm = ab_tests::arm_for(*test, who);
    EXPECT_EQ(arm, ab_tests::arm_for(*tests_->find("prices"), who));
    second += arm == 1 ? 1 : 0;
    both += arm == 1 && ab_tests::arm_for(*other, who) == 1 ? 1 : 0;
  }
  EXPECT_NEAR(second, drawn * 0.75, 4 * std::sqrt(drawn * 0.75 * 0.25));
  EXPECT_NEAR(both, drawn * 0.5625, 4 * std::sqrt(drawn * 0.5625 * 0.4375)) << "the two tests draw independently";
}

TEST_P(ab_testing, what_was_begun_is_there_after_a_start) {
  const auto test = tests_->create("prices", two_arms());
  expose(*test, 3);
  tests_ = std::make_unique<ab_tests>(db(), *keys_, *all_);
  const auto found = tests_->find("prices");
  EXPECT_EQ(found->salt, test->salt);
  EXPECT_EQ(found->what.metrics[2].column, "PRICE");
  EXPECT_EQ(tests_->exposures(*found).size(), 1U);
}

TEST_P(ab_testing, what_people_did_counts_from_their_first_answer_on_and_until_the_end) {
  const auto test = tests_->create("prices", two_arms());
  for (std::uint32_t person = 0; person < people; ++person) {
    expose(*test, person);
  }
  // All of it lies in the future, as clocks of clients run ahead: after who was exposed, and after the end.
  const std::int64_t now = core::now_ms();
  std::vector<event> batch;
  std::array<double, 2> conversions{};
  std::array<double, 2> turnover{};
  std::array<std::uint64_t, 2> exposed{};
  for (std::uint32_t person = 0; person < people; ++person) {
    const std::size_t arm = arm_of(*test, user(person));
    ++exposed[arm];
    if (person % 3 == 0) {
      batch.push_back(bought(person, "item-5", now + 600'000, 2));
      batch.push_back(bought(person, "item-2", now + 601'000, 1));
      ++conversions[arm];
      turnover[arm] += 7;
    }
  }
  batch.push_back(bought(1, "item-7", 500'000, 9));  // before
  record(batch);

  const ab_report found = report(*test);
  ASSERT_EQ(found.outcomes.size(), 4U);
  for (std::size_t arm = 0; arm < 2; ++arm) {
    EXPECT_EQ(found.people[arm], exposed[arm]);
    EXPECT_DOUBLE_EQ(found.outcomes[0][arm].total, conversions[arm]);
    EXPECT_DOUBLE_EQ(found.outcomes[1][arm].total, 2 * conversions[arm]);
    EXPECT_DOUBLE_EQ(found.outcomes[2][arm].total, turnover[arm]);
    EXPECT_DOUBLE_EQ(found.outcomes[3][arm].total, 3 * conversions[arm]);
  }
  EXPECT_FALSE(found.outcomes[0][0].against);
  ASSERT_TRUE(found.outcomes[0][1].against);
  EXPECT_FALSE(found.outcomes[0][1].significant);

  tests_->stop("prices", "popular");
  const auto stopped = tests_->find("prices");
  record({bought(0, "item-1", now + 3'600'000)});
  EXPECT_DOUBLE_EQ(report(*stopped).outcomes[1][0].total + report(*stopped).outcomes[1][1].total, 0);
}

TEST_P(ab_testing, a_stopped_test_gives_everybody_the_winner_and_counts_nobody) {
  const auto test = tests_->create("prices", two_arms());
  const auto stopped = tests_->stop("prices", "popular");
  for (std::uint32_t person = 0; person < people; ++person) {
    EXPECT_EQ(ab_tests::arm_for(*stopped, user(person)), 1U);
    tests_->expose(*test, 0, handle(user(person)));  // by who asked before the end
  }
  EXPECT_TRUE(tests_->exposures(*stopped).empty());
  EXPECT_EQ(code_of([&] { tests_->stop("prices", "ease"); }), errc::failed_precondition);
}

TEST_P(ab_testing, somebody_is_counted_once_with_their_first_time) {
  const auto test = tests_->create("prices", two_arms());
  expose(*test, 3);
  const auto first = tests_->exposures(*test);
  expose(*test, 3);
  tests_ = std::make_unique<ab_tests>(db(), *keys_, *all_);  // that remembers nobody
  expose(*tests_->find("prices"), 3);
  const auto again = tests_->exposures(*test);
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(again[0].at, first[0].at);
}

TEST_P(ab_testing, who_is_not_admitted_counts_nowhere) {
  const auto test = tests_->create("prices", two_arms());
  expose(*test, 3);
  expose(*test, 4);
  purposes_->choose(handle(user(3)), {}, subject::choice::restrict);
  const ab_report found = report(*test);
  EXPECT_EQ(found.people[0] + found.people[1], 1U);
}

TEST_P(ab_testing, the_custodian_finds_tells_and_erases) {
  const auto test = tests_->create("prices", two_arms());
  expose(*test, 3);
  expose(*test, 4);
  const auto custodian = make_ab_custodian(db(), *tests_, *datasets_);
  const core::subject_handle who = handle(user(3));
  const subject::custody_context with{pool_, job_};
  EXPECT_EQ(custodian->find({&who, 1}, with).at(0).count, 1U);

  subject::testing::recording_collector told;
  custodian->collect(who, with, told);
  ASSERT_EQ(told.part("ab-tests").rows.size(), 1U);
  EXPECT_EQ(told.part("ab-tests").rows[0][0], "prices");

  std::vector<subject::certificate_step> done;
  custodian->erase({&who, 1}, with, done);
  EXPECT_EQ(done.at(0).count, 1U);
  EXPECT_TRUE(custodian->find({&who, 1}, with).empty());
  EXPECT_EQ(tests_->exposures(*test).size(), 1U);
  EXPECT_EQ(tests_->people(), std::vector{handle(user(4))});
}

TEST_P(ab_testing, nobody_who_was_erased_comes_back_by_an_answer_that_was_under_way) {
  const auto test = tests_->create("prices", two_arms());
  const core::subject_handle gone = handle(user(3));
  forget({gone});
  tests_->expose(*test, 0, gone);
  EXPECT_TRUE(tests_->exposures(*test).empty());
}

TEST_P(ab_testing, what_is_past_its_time_leaves) {
  const auto test = tests_->create("prices", two_arms());
  expose(*test, 3);
  expose(*test, 4);
  const std::array<core::subject_handle, 1> spared = {handle(user(4))};
  EXPECT_EQ(tests_->expire("another", core::now_ms() + 1'000, {}), 0U);
  EXPECT_EQ(tests_->expire("shop", core::now_ms() + 1'000, spared), 1U);
  EXPECT_EQ(tests_->people(), std::vector{handle(user(4))});
}

TEST_P(ab_testing, what_cannot_be_compared_is_refused) {
  tests_->create("prices", two_arms());
  EXPECT_EQ(code_of([&] { tests_->create("prices", two_arms()); }), errc::already_exists);
  EXPECT_EQ(code_of([&] { tests_->find("nothing"); }), errc::not_found);
  EXPECT_EQ(code_of([&] { tests_->stop("prices", "nobody"); }), errc::not_found);

  const auto bad = [&](const std::function<void(ab_definition&)>& change) {
    ab_definition what = two_arms();
    change(what);
    return code_of([&] { tests_->create("bad", what); });
  };
  EXPECT_EQ(bad([](ab_definition& what) { what.arms.pop_back(); }), errc::invalid_argument);
  EXPECT_EQ(bad([](ab_definition& what) { what.arms[1].name = "ease"; }), errc::invalid_argument);
  EXPECT_EQ(bad([](ab_definition& what) { what.arms[1].share = 0; }), errc::invalid_argument);
  EXPECT_EQ(bad([](ab_definition& what) { what.arms[1].recommender = "nobody"; }), errc::not_found);
  EXPECT_EQ(bad([](ab_definition& what) { what.arms[1].deployment = "nobody"; }), errc::not_found);
  EXPECT_EQ(bad([](ab_definition& what) { what.metrics.clear(); }), errc::invalid_argument);
  EXPECT_EQ(bad([](ab_definition& what) { what.metrics[0].column = "PRICE"; }), errc::invalid_argument);
  EXPECT_EQ(bad([](ab_definition& what) { what.metrics[2].column = ""; }), errc::invalid_argument);

  ab_definition genre = two_arms();
  genre.metrics[2].column = "GENRE";
  const auto test = tests_->create("genre", genre);
  EXPECT_EQ(code_of([&] { report(*test); }), errc::invalid_argument);

  tests_->remove("genre");
  EXPECT_EQ(code_of([&] { tests_->find("genre"); }), errc::not_found);
}

}  // namespace
}  // namespace eunomia::recommend
