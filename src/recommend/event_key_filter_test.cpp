#include "recommend/event_key_filter.h"

#include <gtest/gtest.h>

#include <random>

namespace eunomia::recommend {
namespace {

TEST(event_key_filter, has_every_key_that_was_added_and_few_others) {
  std::mt19937_64 random(1);
  const auto key = [&] { return event_key{static_cast<std::int64_t>(random()), static_cast<std::int64_t>(random())}; };
  constexpr std::uint64_t count = 50'000;
  event_key_filter filter(count);
  EXPECT_TRUE(filter.suits(count));
  std::vector<event_key> added;
  for (std::uint64_t i = 0; i < count; ++i) {
    added.push_back(key());
    filter.add(added.back());
  }
  for (const event_key& one : added) {
    ASSERT_TRUE(filter.may_have(one));
  }
  std::uint64_t in_vain = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    in_vain += filter.may_have(key()) ? 1 : 0;
  }
  EXPECT_LT(in_vain, count / 100);
}

TEST(event_key_filter, says_when_it_is_too_small) {
  EXPECT_FALSE(event_key_filter(0).suits(100'000));
  EXPECT_TRUE(event_key_filter(100'000).suits(100'000));
}

}  // namespace
}  // namespace eunomia::recommend
