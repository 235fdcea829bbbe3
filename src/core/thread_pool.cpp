#include "core/thread_pool.h"

#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <string>
#include <system_error>

#include "core/error.h"

// A call of for_each lives on its caller's stack. The pool's list leads to it while it has indices left; a worker joins
// and leaves it under the pool's mutex, and the caller returns only when, under the same mutex, nobody is inside and
// the list does not lead to it. So nothing of it is touched after it is gone, and a busy worker that never joined is
// not waited for.

namespace eunomia::core {

namespace {

unsigned processors_of_this_process() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) {
    return static_cast<unsigned>(std::max(1, CPU_COUNT(&set)));
  }
  return std::max(1U, std::thread::hardware_concurrency());
}

// On Linux a thread has a nice value of its own. Where it cannot be set, the work competes.
void give_way() {
  constexpr int background_nice = 10;
  static_cast<void>(setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), background_nice));
}

// Which pool this thread works for, and as whom: tells a call from inside a task.
struct membership {
  const thread_pool* pool = nullptr;
  unsigned worker = 0;
};
thread_local membership here;

}  // namespace

struct thread_pool::call {
  std::size_t count;
  const std::function<void(std::size_t, unsigned)>& body;
  std::atomic<std::size_t> next = 0;
  // Under the pool's mutex:
  std::size_t inside = 0;
  bool listed = true;
  std::exception_ptr failure = nullptr;
};

thread_pool::thread_pool(unsigned threads, std::size_t queue_limit, priority p) : queue_limit_(queue_limit) {
  const unsigned count = threads == 0 ? std::min(processors_of_this_process(), max_threads) : threads;
  if (count > max_threads) {
    throw error(errc::invalid_argument, std::to_string(count) + " threads: the limit is " +
                                            std::to_string(max_threads) + "; 0 takes one for each processor");
  }
  workers_.reserve(count);
  try {
    for (unsigned worker = 0; worker < count; ++worker) {
      workers_.emplace_back([this, worker, p] {
        if (p == priority::background) {
          give_way();
        }
        run(worker);
      });
    }
  } catch (const std::system_error& failure) {
    const std::size_t started = workers_.size();
    stop();
    throw error(errc::resource_exhausted, "the system gave " + std::to_string(started) + " of " +
                                              std::to_string(count) + " threads (" + failure.what() +
                                              "); ask for fewer, or raise the limit (ulimit -u)");
  }
}

thread_pool::~thread_pool() {
  stop();
}

void thread_pool::stop() noexcept {
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
    queue_.push_back(std::move(task));
  }
  wake_.notify_one();
  return true;
}

void thread_pool::for_each(std::size_t count, const std::function<void(std::size_t i, unsigned worker)>& body) {
  if (count == 0) {
    return;
  }
  if (here.pool == this) {
    for (std::size_t i = 0; i < count; ++i) {
      body(i, here.worker);
    }
    return;
  }
  call mine{.count = count, .body = body};
  {
    const std::lock_guard lock(mutex_);
    calls_.push_back(&mine);
  }
  for (std::size_t i = 0; i < std::min<std::size_t>(count, size()); ++i) {
    wake_.notify_one();
  }
  {
    std::unique_lock lock(mutex_);
    finished_.wait(lock, [&] { return !mine.listed && mine.inside == 0; });
  }
  if (mine.failure) {
    std::rethrow_exception(mine.failure);
  }
}

void thread_pool::run(unsigned worker) {
  here = {this, worker};
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [&] { return stopping_ || !calls_.empty() || !queue_.empty(); });
    if (!calls_.empty()) {
      call& first = *calls_.front();
      ++first.inside;
      lock.unlock();
      share(first, worker);
      lock.lock();
      // No index is left: nobody else needs to join.
      if (first.listed) {
        calls_.erase(std::find(calls_.begin(), calls_.end(), &first));
        first.listed = false;
      }
      if (--first.inside == 0) {
        finished_.notify_all();
      }
    } else if (!queue_.empty()) {
      {
        const std::function<void()> task = std::move(queue_.front());
        queue_.pop_front();
        lock.unlock();
        task();
      }
      lock.lock();
    } else {
      return;
    }
  }
}

void thread_pool::share(call& in, unsigned worker) noexcept {
  try {
    for (std::size_t i = in.next.fetch_add(1); i < in.count; i = in.next.fetch_add(1)) {
      in.body(i, worker);
    }
  } catch (...) {
    in.next.store(in.count);
    const std::lock_guard lock(mutex_);
    if (!in.failure) {
      in.failure = std::current_exception();
    }
  }
}

}  // namespace eunomia::core
