#include "subject/erasure/erasure_progress.h"

#include <algorithm>

namespace eunomia::subject {

std::string_view name_of(erasure_phase phase) noexcept {
  switch (phase) {
    case erasure_phase::waiting: return "waiting";
    case erasure_phase::looking: return "looking";
    case erasure_phase::erasing: return "erasing";
    case erasure_phase::verifying: return "verifying";
    case erasure_phase::certifying: return "certifying";
  }
  return "waiting";
}

void erasure_board::begin(std::span<const std::int64_t> requests) {
  const std::lock_guard lock(mutex_);
  requests_.assign(requests.begin(), requests.end());
  std::ranges::sort(requests_);
  now_ = {};
}

void erasure_board::tell(const erasure_progress& now) {
  const std::lock_guard lock(mutex_);
  now_ = now;
}

void erasure_board::end() noexcept {
  const std::lock_guard lock(mutex_);
  requests_.clear();
}

erasure_progress erasure_board::of(std::int64_t request) const {
  const std::lock_guard lock(mutex_);
  return std::ranges::binary_search(requests_, request) ? now_ : erasure_progress{};
}

}  // namespace eunomia::subject
