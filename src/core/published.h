#pragma once

#include <memory>
#include <mutex>
#include <utility>

namespace eunomia::core {

// A value that one writer replaces and many readers look at, such as the scorer of a served model: a reader keeps what
// it got as long as it likes and never waits for a writer at work. A mutex around the pointer, held for the copy of
// it alone: std::atomic<std::shared_ptr> of GCC 12 locks as well, in a way that ThreadSanitizer takes for a race.
template <class T>
class published {
 public:
  published() = default;
  explicit published(std::shared_ptr<const T> first) : value_(std::move(first)) {}
  published(const published&) = delete;
  published& operator=(const published&) = delete;

  // What was published last; null before the first. Any thread.
  std::shared_ptr<const T> current() const {
    const std::lock_guard lock(mutex_);
    return value_;
  }

  // Readers see the old value or the new one. The old one is destroyed by whoever lets go of it last, outside the lock.
  void publish(std::shared_ptr<const T> next) {
    const std::lock_guard lock(mutex_);
    value_.swap(next);
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const T> value_;
};

}  // namespace eunomia::core
