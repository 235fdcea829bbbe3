#include "bench/gdprbench/audit_tail.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "core/error.h"

namespace eunomia::gdprbench {

std::vector<audit_tail::entry> audit_tail::newest(std::size_t count) {
  static_assert(max_entries <= subject::max_audit_page);
  if (count == 0 || count > max_entries) {
    throw core::error(core::errc::invalid_argument,
                      fmt::format("1 to {} (max_entries) of the newest audit entries can be read at once, asked for {}",
                                  max_entries, count));
  }
  const std::lock_guard lock(mutex_);
  if (entries_.empty()) {
    read_up_to_ = std::max<std::int64_t>(0, log_.head().sequence - static_cast<std::int64_t>(max_entries));
  }
  for (std::size_t page = max_entries; page == max_entries;) {
    auto fresh = log_.entries({.after = read_up_to_, .limit = max_entries});
    page = fresh.size();
    for (subject::recorded_audit_entry& one : fresh) {
      read_up_to_ = one.sequence;
      entries_.push_back(std::make_shared<const subject::recorded_audit_entry>(std::move(one)));
    }
    entries_.erase(entries_.begin(),
                   std::next(entries_.begin(),
                             static_cast<std::ptrdiff_t>(entries_.size() - std::min(entries_.size(), max_entries))));
  }
  const std::size_t wanted = std::min(count, entries_.size());
  return {std::prev(entries_.end(), static_cast<std::ptrdiff_t>(wanted)), entries_.end()};
}

}  // namespace eunomia::gdprbench
