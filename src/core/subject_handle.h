#pragma once

#include <cstdint>

#include "core/strong_id.h"

namespace eunomia::core {

// The pseudonym of a data subject inside the house. Only subject/ can lead from it to a raw identifier. 0 is nobody.
using subject_handle = strong_id<struct subject_tag>;

// The partition, 0 <= p < partitions, that holds everything about a subject: the same for tables, models and, later,
// database partitions. The hash is the finalizer of SplitMix64 (Steele, Lea, Flood 2014); it must never change.
constexpr std::uint32_t partition_of(subject_handle subject, std::uint32_t partitions) {
  std::uint64_t x = subject.value() + 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  x ^= x >> 31;
  return static_cast<std::uint32_t>(((x >> 32) * partitions) >> 32);
}

}  // namespace eunomia::core
