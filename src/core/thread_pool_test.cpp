#include "core/thread_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <numeric>
#include <set>

#include "core/error.h"

namespace eunomia::core {
namespace {

TEST(thread_pool, has_at_least_one_worker_and_as_many_as_asked) {
  EXPECT_GE(thread_pool().size(), 1U);
  EXPECT_EQ(thread_pool(5).size(), 5U);
  EXPECT_THROW(thread_pool(thread_pool::max_threads + 1), error);
}

TEST(thread_pool, for_each_runs_every_index_once) {
  thread_pool pool(4);
  for (const std::size_t count : {0, 1, 2, 3, 4, 5, 1000}) {
    std::vector<std::atomic<int>> runs(count);
    pool.for_each(count, [&](std::size_t i, unsigned) { ++runs[i]; });
    for (const auto& run : runs) {
      EXPECT_EQ(run, 1);
    }
  }
}

TEST(thread_pool, a_worker_number_is_used_by_one_thread_at_a_time) {
  thread_pool pool(3);
  std::vector<std::size_t> per_worker(pool.size());  // not atomic: ThreadSanitizer looks on
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 3; ++caller) {
    callers.emplace_back([&] { pool.for_each(1000, [&](std::size_t, unsigned worker) { ++per_worker.at(worker); }); });
  }
  for (std::thread& caller : callers) {
    caller.join();
  }
  EXPECT_EQ(std::accumulate(per_worker.begin(), per_worker.end(), std::size_t{0}), 3000U);
}

TEST(thread_pool, what_the_body_wrote_is_seen_by_the_caller) {
  thread_pool pool(4);
  for (int round = 0; round < 500; ++round) {
    std::vector<std::size_t> squares(7);
    pool.for_each(squares.size(), [&](std::size_t i, unsigned) { squares[i] = i * i; });
    EXPECT_EQ(squares, (std::vector<std::size_t>{0, 1, 4, 9, 16, 25, 36}));
  }
}

TEST(thread_pool, the_first_exception_comes_out_and_the_rest_is_skipped) {
  thread_pool pool(2);
  std::atomic<std::size_t> runs = 0;
  try {
    pool.for_each(1'000'000, [&](std::size_t i, unsigned) {
      ++runs;
      if (i == 10) {
        throw error(errc::cancelled, "stop here");
      }
    });
    ADD_FAILURE() << "nothing was thrown";
  } catch (const error& failure) {
    EXPECT_EQ(failure.code(), errc::cancelled);
  }
  EXPECT_LT(runs, 1'000'000U);
  std::atomic<int> after = 0;
  pool.for_each(10, [&](std::size_t, unsigned) { ++after; });
  EXPECT_EQ(after, 10);
}

TEST(thread_pool, exceptions_of_all_workers_at_once_give_one) {
  thread_pool pool(4);
  for (int round = 0; round < 100; ++round) {
    EXPECT_THROW(pool.for_each(4, [](std::size_t, unsigned) { throw std::runtime_error("each"); }), std::runtime_error);
  }
}

TEST(thread_pool, a_nested_for_each_runs_in_the_thread_of_its_task) {
  thread_pool pool(2);
  std::vector<std::atomic<int>> runs(100);
  pool.for_each(10, [&](std::size_t outer, unsigned outer_worker) {
    pool.for_each(10, [&](std::size_t inner, unsigned inner_worker) {
      EXPECT_EQ(inner_worker, outer_worker);
      ++runs[outer * 10 + inner];
    });
  });
  for (const auto& run : runs) {
    EXPECT_EQ(run, 1);
  }
}

TEST(thread_pool, a_for_each_on_another_pool_may_be_nested) {
  thread_pool outer(2);
  thread_pool inner(2);
  std::atomic<int> runs = 0;
  outer.for_each(10, [&](std::size_t, unsigned) { inner.for_each(10, [&](std::size_t, unsigned) { ++runs; }); });
  EXPECT_EQ(runs, 100);
}

// Keeps one worker busy until released.
struct blocker {
  explicit blocker(thread_pool& pool) {
    EXPECT_TRUE(pool.try_submit([this] {
      started.set_value();
      release.get_future().wait();
    }));
    started.get_future().wait();
  }
  std::promise<void> started;
  std::promise<void> release;
};

TEST(thread_pool, a_full_queue_refuses_and_takes_again_once_there_is_room) {
  std::atomic<int> runs = 0;
  {
    thread_pool pool(1, 2);
    blocker busy(pool);
    EXPECT_TRUE(pool.try_submit([&] { ++runs; }));
    EXPECT_TRUE(pool.try_submit([&] { ++runs; }));
    EXPECT_FALSE(pool.try_submit([&] { ++runs; }));
    busy.release.set_value();
    pool.for_each(1, [](std::size_t, unsigned) {});
    while (!pool.try_submit([&] { ++runs; })) {
      std::this_thread::yield();
    }
  }
  EXPECT_EQ(runs, 3);
}

TEST(thread_pool, tasks_start_in_the_order_they_were_queued) {
  std::vector<int> order;
  {
    thread_pool pool(1);
    for (int i = 0; i < 100; ++i) {
      EXPECT_TRUE(pool.try_submit([&order, i] { order.push_back(i); }));
    }
  }
  std::vector<int> expected(100);
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(order, expected);
}

TEST(thread_pool, for_each_does_not_wait_for_a_worker_that_is_busy_elsewhere) {
  thread_pool pool(2);
  blocker busy(pool);
  std::atomic<int> runs = 0;
  pool.for_each(100, [&](std::size_t, unsigned) { ++runs; });
  EXPECT_EQ(runs, 100);
  busy.release.set_value();
}

TEST(thread_pool, shutdown_runs_what_is_queued_also_what_tasks_queue) {
  std::atomic<int> runs = 0;
  {
    thread_pool pool(2);
    for (int i = 0; i < 50; ++i) {
      EXPECT_TRUE(pool.try_submit([&] {
        ++runs;
        EXPECT_TRUE(pool.try_submit([&] { ++runs; }));
      }));
    }
  }
  EXPECT_EQ(runs, 100);
}

}  // namespace
}  // namespace eunomia::core
