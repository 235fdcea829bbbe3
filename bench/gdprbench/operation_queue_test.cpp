#include "bench/gdprbench/operation_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <latch>
#include <span>
#include <stdexcept>
#include <thread>
#include <vector>

namespace eunomia::gdprbench {
namespace {

using queue = operation_queue<int>;
using group = std::span<const int* const>;

// Calls perform(i) for every i < count, each on a thread of its own, all at once.
template <class Perform>
void all_at_once(int count, Perform perform) {
  std::latch ready(count);
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) {
    threads.emplace_back([&, i] {
      ready.arrive_and_wait();
      perform(i);
    });
  }
  for (std::thread& one : threads) {
    one.join();
  }
}

TEST(operation_queue, every_operation_is_run_once_and_never_two_groups_at_once) {
  constexpr int callers = 8, each = 500;
  std::vector<int> run(callers * each, 0);
  std::atomic<int> groups_now = 0, overlaps = 0;
  queue tested(4, [&](group together) {
    overlaps += groups_now++ == 0 ? 0 : 1;
    EXPECT_LE(together.size(), 4U);
    for (const int* one : together) {
      ++run[static_cast<std::size_t>(*one)];
    }
    --groups_now;
  });
  all_at_once(callers, [&](int caller) {
    for (int i = 0; i < each; ++i) {
      const int operation = caller * each + i;
      tested.perform(operation);
      EXPECT_EQ(run[static_cast<std::size_t>(operation)], 1);
    }
  });
  EXPECT_EQ(overlaps, 0);
}

TEST(operation_queue, an_operation_that_fails_fails_alone) {
  queue tested(16, [](group together) {
    for (const int* one : together) {
      if (*one == 3) {
        throw std::runtime_error("three");
      }
    }
  });
  std::atomic<int> failed = 0;
  all_at_once(8, [&](int i) {
    for (int repetition = 0; repetition < 50; ++repetition) {
      try {
        tested.perform(i);
        EXPECT_NE(i, 3);
      } catch (const std::runtime_error&) {
        EXPECT_EQ(i, 3);
        ++failed;
      }
    }
  });
  EXPECT_EQ(failed, 50);
}

TEST(operation_queue, nothing_is_run_again_where_nobody_knows_what_became_of_it) {
  std::atomic<int> runs = 0;
  queue tested(16, [&](group) {
    ++runs;
    throw commit_in_doubt{std::make_exception_ptr(std::runtime_error("lost"))};
  });
  std::atomic<int> failed = 0;
  all_at_once(8, [&](int i) {
    try {
      tested.perform(i);
    } catch (const std::runtime_error&) {
      ++failed;
    }
  });
  EXPECT_EQ(failed, 8);
  EXPECT_LE(runs, 8);
}

}  // namespace
}  // namespace eunomia::gdprbench
