#include "wire/aws/replay_window.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "core/hash.h"

namespace eunomia::wire::aws {
namespace {

std::string signature(int number) {
  return core::to_hex(core::sha256(std::to_string(number)));
}

bool used_up(replay_window& window, int number, std::int64_t now = 0) {
  return !window.begin(signature(number), now);
}

void use_up(replay_window& window, int number, std::int64_t now = 0) {
  auto use = window.begin(signature(number), now);
  ASSERT_TRUE(use);
  use->keep();
}

TEST(replay_window, what_was_answered_is_not_done_again) {
  replay_window window;
  use_up(window, 1);
  EXPECT_TRUE(used_up(window, 1));
  EXPECT_FALSE(used_up(window, 2));
}

TEST(replay_window, what_is_under_way_is_not_done_twice) {
  replay_window window;
  const auto first = window.begin(signature(1), 0);
  ASSERT_TRUE(first);
  EXPECT_TRUE(used_up(window, 1));
}

TEST(replay_window, what_failed_or_was_cut_off_may_come_again) {
  replay_window window;
  { const auto cut_off = window.begin(signature(1), 0); }
  EXPECT_EQ(window.size(), 0U);
  use_up(window, 1);
  EXPECT_TRUE(used_up(window, 1));
}

TEST(replay_window, a_signature_is_remembered_as_long_as_it_is_good) {
  replay_window window;
  use_up(window, 1, 1000);
  EXPECT_TRUE(used_up(window, 1, 1000 + replay_window::remembered_ms - 1));
  EXPECT_FALSE(used_up(window, 1, 1000 + replay_window::remembered_ms));
}

TEST(replay_window, is_bounded_and_the_oldest_give_way) {
  replay_window window(4);
  for (int i = 0; i < 100; ++i) {
    use_up(window, i);
    ASSERT_LE(window.size(), 4U);
  }
  EXPECT_TRUE(used_up(window, 99));
  EXPECT_TRUE(used_up(window, 96));
  EXPECT_FALSE(used_up(window, 95));
}

TEST(replay_window, what_was_released_does_not_end_a_later_use) {
  replay_window window(3);
  { const auto failed = window.begin(signature(1), 0); }
  use_up(window, 1);
  use_up(window, 2);
  use_up(window, 3);  // the failed use of 1 gives way, not the one that was kept
  EXPECT_TRUE(used_up(window, 1));
}

TEST(replay_window, one_of_many_threads_gets_each_signature) {
  replay_window window;
  std::atomic<int> got = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) {
        if (auto use = window.begin(signature(i), 0)) {
          use->keep();
          ++got;
        }
      }
    });
  }
  for (std::thread& each : threads) {
    each.join();
  }
  EXPECT_EQ(got, 200);
}

}  // namespace
}  // namespace eunomia::wire::aws
