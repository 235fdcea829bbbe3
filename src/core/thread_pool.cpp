#include "core/thread_pool.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <latch>

namespace eunomia::core {

namespace {

unsigned processors_of_this_process() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) {
    return std::max(1, CPU_COUNT(&set));
  }
  return std::max(1U, std::thread::hardware_concurrency());
}

}  // namespace

thread_pool::thread_pool(unsigned threads, std::size_t queue_limit) : queue_limit_(queue_limit) {
  const unsigned count = threads == 0 ? processors_of_this_process() : threads;
  workers_.reserve(count);
  for (unsigned worker = 0; worker < count; ++worker) {
    workers_.emplace_back([this, worker] { run(worker); });
  }
}

thread_pool::~thread_pool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (std::thread& worker : workers_) {
    worker.join();
  }
}

bool thread_pool::try_submit(std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    if (queue_.size() >= queue_limit_) {
      return false;
    }
    queue_.emplace_back([task = std::move(task)](unsigned) { task(); });
  }
  wake_.notify_one();
  return true;
}

void thread_pool::for_each(std::size_t count, const std::function<void(std::size_t i, unsigned worker)>& body) {
  if (count == 0) {
    return;
  }
  std::atomic<std::size_t> next = 0;
  std::mutex failure_mutex;
  std::exception_ptr failure;
  const std::size_t shares = std::min<std::size_t>(count, size());
  std::latch done(static_cast<std::ptrdiff_t>(shares));
  const auto share = [&](unsigned worker) {
    try {
      for (std::size_t i = next.fetch_add(1); i < count; i = next.fetch_add(1)) {
        body(i, worker);
      }
    } catch (...) {
      next.store(count);
      const std::lock_guard lock(failure_mutex);
      if (!failure) {
        failure = std::current_exception();
      }
    }
    done.count_down();
  };
  {
    // The shares go to the front and do not count against the limit: there are never more than workers per caller.
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < shares; ++i) {
      queue_.emplace_front(share);
    }
  }
  wake_.notify_all();
  done.wait();
  if (failure) {
    std::rethrow_exception(failure);
  }
}

void thread_pool::run(unsigned worker) {
  while (true) {
    std::function<void(unsigned)> task;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [&] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) {
        return;
      }
      task = std::move(queue_.front());
      queue_.pop_front();
    }
    task(worker);
  }
}

}  // namespace eunomia::core
