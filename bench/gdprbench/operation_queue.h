#pragma once

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <climits>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

namespace eunomia::gdprbench {

// Something that happens once, and that many threads wait for: one call of the system wakes them all, where a condition
// variable would have them queue for its mutex, and std::atomic would have each yield to the others for a while first.
class one_time_event {
 public:
  void wait() {
    while (happened_.load(std::memory_order_acquire) == 0) {
      ::syscall(SYS_futex, &happened_, FUTEX_WAIT_PRIVATE, 0, nullptr, nullptr, 0);
    }
  }
  void happen() {
    happened_.store(1, std::memory_order_release);
    ::syscall(SYS_futex, &happened_, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
  }

 private:
  std::atomic<std::uint32_t> happened_ = 0;
  static_assert(sizeof happened_ == sizeof(std::uint32_t) && std::atomic<std::uint32_t>::is_always_lock_free);
};

// Group commit by leader and followers, without a thread of its own. Callers join the group that gathers; the first of
// a group leads it: runs what its members asked for together, and answers them at once.
//
//   leader      join, wait for the groups before    run, answer all, let the next leader go on
//   followers   join, wait                                         answered
//
// While one group waits for the disk the next one gathers, so groups grow with the load. Callers who were just answered
// mostly come again at once: the leader waits for as many as the last group left, but no longer than an eighth of what
// that group took, so that n callers in turn share one wait for the disk and not two; one caller alone waits for
// nobody.
//
// A group that fails is run again one by one, so that nobody fails for a neighbour's reason: an operation must be able
// to run twice. Only where nobody knows whether it was committed all fail.
struct commit_in_doubt {
  std::exception_ptr cause;
};

template <class Operation>
class operation_queue {
 public:
  using runner = std::function<void(std::span<const Operation* const>)>;

  // run is called by one thread at a time, with 1 to max_group operations in the order in which they were queued. It
  // throws commit_in_doubt, or what it likes when nothing was done.
  operation_queue(std::size_t max_group, runner run) : max_group_(max_group), run_(std::move(run)) {}
  operation_queue(const operation_queue&) = delete;
  operation_queue& operator=(const operation_queue&) = delete;

  // Returns when the operation was run, and throws what running it threw.
  void perform(const Operation& asked) {
    const auto [mine, position] = join(asked);
    if (position == 0) {
      lead(*mine);
    } else {
      mine->answered.wait();
    }
    if (const std::exception_ptr& failure = mine->failures[position]) {
      std::rethrow_exception(failure);
    }
  }

 private:
  struct group {
    std::vector<const Operation*> operations;
    std::vector<std::exception_ptr> failures;  // of each, once they were run
    std::condition_variable gathered;          // for the leader: a turn, or members
    one_time_event answered;
  };

  std::pair<std::shared_ptr<group>, std::size_t> join(const Operation& asked) {
    const std::lock_guard lock(mutex_);
    if (waiting_.empty() || waiting_.back()->operations.size() >= max_group_) {
      waiting_.push_back(std::make_shared<group>());
    }
    const std::shared_ptr<group>& last = waiting_.back();
    last->operations.push_back(&asked);
    const std::size_t members = last->operations.size();
    if (!is_running_ && members >= expected_) {
      waiting_.front()->gathered.notify_one();
    }
    return {last, members - 1};
  }

  void lead(group& mine) {
    std::unique_lock lock(mutex_);
    mine.gathered.wait(lock, [&] { return !is_running_ && waiting_.front().get() == &mine; });
    mine.gathered.wait_for(lock, patience_, [&] { return mine.operations.size() >= expected_; });
    is_running_ = true;
    waiting_.pop_front();
    lock.unlock();
    const auto begin = std::chrono::steady_clock::now();
    mine.failures.resize(mine.operations.size());
    run_together(mine.operations, mine.failures);
    const auto took = std::chrono::steady_clock::now() - begin;
    lock.lock();
    patience_ = took / 8;
    expected_ =
        std::min(max_group_, mine.operations.size() + (waiting_.empty() ? 0 : waiting_.front()->operations.size()));
    is_running_ = false;
    if (!waiting_.empty()) {
      waiting_.front()->gathered.notify_one();
    }
    lock.unlock();
    mine.answered.happen();
  }

  void run_together(std::span<const Operation* const> operations, std::span<std::exception_ptr> failures) {
    try {
      run_(operations);
    } catch (const commit_in_doubt& problem) {
      std::ranges::fill(failures, problem.cause);
    } catch (...) {
      if (operations.size() == 1) {
        failures.front() = std::current_exception();
        return;
      }
      for (std::size_t i = 0; i < operations.size(); ++i) {
        run_together(operations.subspan(i, 1), failures.subspan(i, 1));
      }
    }
  }

  const std::size_t max_group_;
  const runner run_;
  std::mutex mutex_;
  std::deque<std::shared_ptr<group>> waiting_;  // only the last gathers members
  bool is_running_ = false;
  std::size_t expected_ = 0;
  std::chrono::steady_clock::duration patience_ = {};
};

}  // namespace eunomia::gdprbench
