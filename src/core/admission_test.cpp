#include "core/admission.h"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <vector>

namespace eunomia::core {
namespace {

std::vector<subject_handle> handles(std::initializer_list<std::uint64_t> values) {
  std::vector<subject_handle> made;
  for (const std::uint64_t value : values) {
    made.emplace_back(value);
  }
  return made;
}

TEST(admission, everybody_admits_anybody) {
  const auto all = admission::everybody();
  EXPECT_TRUE(all->admits_everybody());
  EXPECT_TRUE(all->admits(subject_handle(7)));
  EXPECT_TRUE(all->admits(subject_handle(0)));
}

TEST(admission, everybody_but_some_leaves_these_out_and_lets_newcomers_in) {
  const auto some = admission::everybody_but(handles({3, 9, 3}));
  EXPECT_FALSE(some->admits_everybody());
  EXPECT_TRUE(some->admits_newcomers());
  EXPECT_EQ(some->exceptions(), 2U);
  EXPECT_FALSE(some->admits(subject_handle(3)));
  EXPECT_FALSE(some->admits(subject_handle(9)));
  EXPECT_TRUE(some->admits(subject_handle(4)));
}

TEST(admission, only_some_keeps_newcomers_and_nobody_out) {
  const auto some = admission::only(handles({3}));
  EXPECT_FALSE(some->admits_everybody());
  EXPECT_FALSE(some->admits_newcomers());
  EXPECT_TRUE(some->admits(subject_handle(3)));
  EXPECT_FALSE(some->admits(subject_handle(4)));
  EXPECT_FALSE(some->admits(subject_handle(0)));
  EXPECT_FALSE(admission::only({})->admits(subject_handle(3)));
}

TEST(admission, a_snapshot_does_not_change_with_its_successor) {
  const auto before = admission::everybody();
  const auto after = before->with({}, handles({5}));
  EXPECT_TRUE(before->admits(subject_handle(5)));
  EXPECT_FALSE(after->admits(subject_handle(5)));
  EXPECT_TRUE(after->with(handles({5}), {})->admits_everybody());
}

TEST(admission, an_era_ends_when_somebody_is_refused_anew) {
  const std::vector<subject_handle> one = {subject_handle(1)};
  const std::vector<subject_handle> two = {subject_handle(2)};
  const auto everybody = admission::everybody();
  const auto but_one = everybody->with({}, one);
  EXPECT_NE(but_one->era(), everybody->era());
  EXPECT_EQ(but_one->with({}, one)->era(), but_one->era()) << "refused already";
  EXPECT_EQ(but_one->with(one, {})->era(), but_one->era()) << "nobody is lost";
  const auto some = admission::only(one);
  const auto both = some->with(two, {});
  EXPECT_EQ(both->era(), some->era());
  EXPECT_NE(both->with({}, two)->era(), both->era());
  EXPECT_NE(admission::only(one)->era(), some->era()) << "nothing is known of how the one came from the other";
  std::vector<subject_handle> many;
  for (std::uint64_t who = 1; who <= admission::max_changes + 1; ++who) {
    many.emplace_back(who);
  }
  EXPECT_EQ(some->with(many, {})->era(), some->era()) << "its table was built anew";
}

TEST(admission, random_changes_agree_with_a_set) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (const bool newcomers : {true, false}) {
    std::set<std::uint64_t> exceptions;
    auto now = newcomers ? admission::everybody() : admission::only({});
    for (int round = 0; round < 400; ++round) {
      std::vector<subject_handle> admitted;
      std::vector<subject_handle> refused;
      std::set<std::uint64_t> touched;
      for (std::uint64_t i = random() % 60; i > 0; --i) {
        const std::uint64_t who = 1 + random() % 20'000;
        if (touched.insert(who).second) {
          const bool let_in = random() % 3 == 0;
          (let_in ? admitted : refused).emplace_back(who);
          let_in == newcomers ? void(exceptions.erase(who)) : void(exceptions.insert(who));
        }
      }
      now = now->with(admitted, refused);
      ASSERT_EQ(now->exceptions(), exceptions.size());
    }
    for (std::uint64_t who = 1; who <= 20'001; ++who) {
      ASSERT_EQ(now->admits(subject_handle(who)), exceptions.contains(who) != newcomers) << who;
    }
  }
}

}  // namespace
}  // namespace eunomia::core
