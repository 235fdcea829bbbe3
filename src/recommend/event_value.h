#pragma once

#include <charconv>

namespace eunomia::recommend {

// An event's value is kept as a float, whose shortest digits are what was imported: 0.1, not 0.10000000149011612.
inline double shortest(float value) {
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  double read = value;
  std::from_chars(digits, end, read);
  return static_cast<float>(read) == value ? read : value;
}

}  // namespace eunomia::recommend
