#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "core/purpose.h"

namespace eunomia::subject {

inline constexpr std::size_t max_decisions = 10'000;
inline constexpr std::size_t max_decided_by_bytes = 256;
inline constexpr std::size_t max_reasoning_bytes = 64 * 1024;

// Somebody's judgement that data collected for one purpose may be used for another (GDPR Art. 5(1)(b), 6(4)): the
// software keeps it and holds datasets to it; the judgement is a person's.
struct compatibility_decision {
  std::int64_t id = 0;
  core::purpose collected_for;
  core::purpose wanted;
  std::string decided_by;       // whose judgement: a role or a label, 1 to max_decided_by_bytes
  std::string reasoning;        // 1 to max_reasoning_bytes
  std::int64_t decided_at = 0;  // UTC ms
};

}  // namespace eunomia::subject
