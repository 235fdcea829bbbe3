#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "subject/audit/audit_log.h"

namespace eunomia::gdprbench {

// The newest entries of an audit log, read from it once each: who asks for them often pays for those that are new.
class audit_tail {
 public:
  static constexpr std::size_t max_entries = 1000;
  using entry = std::shared_ptr<const subject::recorded_audit_entry>;

  // The log outlives it.
  explicit audit_tail(const subject::audit_log& of) : log_(of) {}

  // The newest that are committed, oldest of them first; all where there are fewer. errc::invalid_argument for 0 or
  // more than max_entries. Any thread.
  std::vector<entry> newest(std::size_t count);

 private:
  const subject::audit_log& log_;
  std::mutex mutex_;
  std::deque<entry> entries_;
  std::int64_t read_up_to_ = 0;
};

}  // namespace eunomia::gdprbench
