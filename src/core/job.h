#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

#include "core/error.h"

namespace eunomia::core {

// What long work reports to and asks: its progress, and whether somebody wants it to stop.
class job {
 public:
  virtual ~job() = default;

  // done of total units of the stage are finished; total 0: unknown. Cheap enough to call a thousand times a second;
  // may be called from any thread.
  virtual void report(std::string_view stage, std::uint64_t done, std::uint64_t total);

  // Asks the work to stop; safe in a signal handler.
  void cancel() noexcept { cancelled_.store(true, std::memory_order_relaxed); }
  bool cancelled() const noexcept { return cancelled_.load(std::memory_order_relaxed); }

  // Called by the work at every point where stopping leaves nothing half-done. Throws errc::cancelled.
  void check() const {
    if (cancelled()) {
      throw error(errc::cancelled, "cancelled on request; nothing was changed");
    }
  }

 private:
  std::atomic<bool> cancelled_ = false;
  static_assert(std::atomic<bool>::is_always_lock_free);
};

}  // namespace eunomia::core
