#include "subject/retention/rules.h"

#include <algorithm>

#include "core/subject_handles.h"
#include "core/time.h"

namespace eunomia::subject {

retention_rules::retention_rules(std::span<const purpose_definition> defined,
                                 std::vector<core::subject_handle> restricted, std::int64_t now_ms)
    : restricted_(std::move(restricted)), now_ms_(now_ms) {
  core::sort_and_unite(restricted_);
  for (const purpose_definition& one : defined) {
    if (one.retention_days) {
      days_.emplace(one.name.name(), *one.retention_days);
    }
  }
}

std::optional<std::int64_t> retention_rules::days_kept(std::span<const core::purpose> served) const {
  std::optional<std::int64_t> longest;
  for (const core::purpose& one : served) {
    const auto limit = days_.find(one.name());
    if (limit == days_.end()) {
      return std::nullopt;
    }
    longest = std::max(longest.value_or(0), limit->second);
  }
  return longest;
}

std::optional<std::int64_t> retention_rules::oldest_kept(std::span<const core::purpose> served) const {
  const auto days = days_kept(served);
  return days ? std::optional(now_ms_ - *days * core::milliseconds_per_day) : std::nullopt;
}

}  // namespace eunomia::subject
