#pragma once

#include <mutex>
#include <shared_mutex>

namespace eunomia::core {

// A shared mutex in which who waits to be alone goes before those who come later to share it: a stream of sharers
// without a pause cannot keep it out for good (std::shared_mutex promises nothing here, and glibc's prefers sharers).
// Not recursive: a sharer that enters twice may wait for itself.
class gate {
 public:
  void lock_shared() {
    const std::lock_guard turn(turn_);
    inside_.lock_shared();
  }
  void unlock_shared() { inside_.unlock_shared(); }
  void lock() {
    const std::lock_guard turn(turn_);
    inside_.lock();
  }
  void unlock() { inside_.unlock(); }

 private:
  std::mutex turn_;
  std::shared_mutex inside_;
};

}  // namespace eunomia::core
