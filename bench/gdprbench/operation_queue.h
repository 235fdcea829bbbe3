#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

namespace eunomia::gdprbench {

// Group commit by leader and followers, without a thread of its own. Callers queue operations; one of them, the leader,
// runs what is queued together, and when it has its own answer the next in the queue leads:
//
//   callers   queue, sleep                                             answered
//   leader    take what is queued, run it as one, answer it, wake the next
//
// While one group waits for the disk the next one gathers, so groups grow with the load. Callers who were just answered
// mostly come again at once: the leader waits for as many as the last group left, but no longer than an eighth of what
// that group took, so that n callers in turn share one wait for the disk and not two; one caller alone waits for
// nobody.
//
// A group that fails is run
// again one by one, so that nobody fails for a neighbour's reason: an operation must be able to run twice. Only where
// nobody knows whether it was committed all fail.
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
    waiter me{&asked};
    std::unique_lock lock(mutex_);
    queue_.push_back(&me);
    if (gathering_ && queue_.size() >= expected_) {
      gathered_.notify_one();
    }
    bool leads = !std::exchange(led_, true);
    lock.unlock();
    if (!leads) {
      me.now.wait(state::waiting);
      leads = me.now == state::leads;
    }
    if (leads) {
      lead();
    }
    if (me.failure) {
      std::rethrow_exception(std::move(me.failure));
    }
  }

 private:
  enum class state { waiting, leads, answered };
  struct waiter {
    const Operation* asked = nullptr;
    std::exception_ptr failure = {};
    std::atomic<state> now = state::waiting;
  };

  // Of whoever is at the head of the queue.
  void lead() {
    std::vector<waiter*> group;
    {
      std::unique_lock lock(mutex_);
      gathering_ = true;
      gathered_.wait_for(lock, patience_, [&] { return queue_.size() >= expected_; });
      gathering_ = false;
      const auto end = queue_.begin() + static_cast<std::ptrdiff_t>(std::min(queue_.size(), max_group_));
      group.assign(queue_.begin(), end);
      queue_.erase(queue_.begin(), end);
    }
    const auto begin = std::chrono::steady_clock::now();
    run_group(group);
    waiter* next = nullptr;
    {
      const std::lock_guard lock(mutex_);
      patience_ = (std::chrono::steady_clock::now() - begin) / 8;
      expected_ = std::min(max_group_, group.size() + queue_.size());
      next = queue_.empty() ? nullptr : queue_.front();
      led_ = next != nullptr;
    }
    if (next != nullptr) {
      wake(*next, state::leads);
    }
    std::ranges::for_each(group, [](waiter* one) { wake(*one, state::answered); });
  }

  void run_group(std::span<waiter* const> group) {
    std::vector<const Operation*> operations;
    for (const waiter* one : group) {
      operations.push_back(one->asked);
    }
    try {
      run_(operations);
    } catch (const commit_in_doubt& problem) {
      std::ranges::for_each(group, [&](waiter* one) { one->failure = problem.cause; });
    } catch (...) {
      if (group.size() == 1) {
        group.front()->failure = std::current_exception();
        return;
      }
      for (waiter* const& alone : group) {
        run_group(std::span(&alone, 1));
      }
    }
  }

  // Once its state is set the waiter may be gone: notify_one only needs the address.
  static void wake(waiter& one, state now) {
    std::atomic<state>& its = one.now;
    its = now;
    its.notify_one();
  }

  const std::size_t max_group_;
  const runner run_;
  std::mutex mutex_;
  std::deque<waiter*> queue_;
  bool led_ = false;
  bool gathering_ = false;
  std::condition_variable gathered_;
  std::size_t expected_ = 0;
  std::chrono::steady_clock::duration patience_ = {};
};

}  // namespace eunomia::gdprbench
