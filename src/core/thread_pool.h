#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace eunomia::core {

// A fixed number of worker threads behind a bounded queue.
class thread_pool {
 public:
  static constexpr std::size_t default_queue_limit = 1024;
  static constexpr unsigned max_threads = 1024;

  // threads = 0: as many as the machine has processors for this process. Background work gives way to every other
  // thread of the machine. Throws errc::invalid_argument above max_threads, errc::resource_exhausted when the system
  // gives no more threads.
  enum class priority { normal, background };
  explicit thread_pool(unsigned threads = 0, std::size_t queue_limit = default_queue_limit,
                       priority p = priority::normal);
  // Runs what is queued, then joins.
  ~thread_pool();
  thread_pool(const thread_pool&) = delete;
  thread_pool& operator=(const thread_pool&) = delete;

  // The number of worker threads, at least 1.
  unsigned size() const { return static_cast<unsigned>(workers_.size()); }

  // Queues a task that must not throw; tasks start in the order they were queued. False, and nothing queued, when the
  // queue is full.
  [[nodiscard]] bool try_submit(std::function<void()> task);

  // Runs body(i, worker) for every i in [0, count), 0 <= worker < size(), each worker number by one thread at a time;
  // returns when all are done. The caller waits; may be called from several threads. A call from inside a task of this
  // pool runs in that task's thread, under its worker number. Goes before queued tasks, and does not wait for running
  // ones: one free worker is enough. Which worker runs which i is not determined: a body that writes only what belongs
  // to i gives the same result at any number of threads. After an exception the remaining i are skipped; the first
  // thrown is rethrown here. Taking an i costs tens of nanoseconds: give each some microseconds of work.
  void for_each(std::size_t count, const std::function<void(std::size_t i, unsigned worker)>& body);

 private:
  struct call;

  void run(unsigned worker);
  void share(call& in, unsigned worker) noexcept;
  void stop() noexcept;

  std::mutex mutex_;
  std::condition_variable wake_;      // of workers: something to do, or stopping
  std::condition_variable finished_;  // of callers: a call may be over
  std::deque<call*> calls_;           // with indices left to take
  std::deque<std::function<void()>> queue_;
  std::size_t queue_limit_;
  bool stopping_ = false;
  std::vector<std::thread> workers_;
};

}  // namespace eunomia::core
