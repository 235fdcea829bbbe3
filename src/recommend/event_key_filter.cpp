#include "recommend/event_key_filter.h"

#include <algorithm>
#include <bit>

namespace eunomia::recommend {

event_key_filter::event_key_filter(std::uint64_t keys)
    : words_(std::bit_ceil(std::clamp(keys * bits_per_key, min_bits, max_bits)) / 64) {}

bool event_key_filter::suits(std::uint64_t keys) const {
  return words_.size() * 64 >= std::min(keys * bits_per_key, max_bits);
}

// Double hashing (Kirsch, Mitzenmacher 2006).
std::uint64_t event_key_filter::bit(const event_key& key, unsigned probe) const {
  const std::uint64_t mixed = static_cast<std::uint64_t>(key.low) + probe * (static_cast<std::uint64_t>(key.high) | 1);
  return mixed & (words_.size() * 64 - 1);
}

void event_key_filter::add(const event_key& key) {
  for (unsigned p = 0; p < probes; ++p) {
    const std::uint64_t at = bit(key, p);
    words_[at / 64].fetch_or(std::uint64_t{1} << (at % 64), std::memory_order_relaxed);
  }
}

bool event_key_filter::may_have(const event_key& key) const {
  for (unsigned p = 0; p < probes; ++p) {
    const std::uint64_t at = bit(key, p);
    if ((words_[at / 64].load(std::memory_order_relaxed) >> (at % 64) & 1) == 0) {
      return false;
    }
  }
  return true;
}

}  // namespace eunomia::recommend
