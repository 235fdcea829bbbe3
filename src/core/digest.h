#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstring>
#include <functional>
#include <span>
#include <string_view>

namespace eunomia::core {

using bytes_view = std::span<const std::byte>;

inline bytes_view as_bytes(std::string_view text) noexcept {
  return std::as_bytes(std::span(text));
}

// The result of a hash function. Ordered by its bytes. Not for secrets: see equal_in_constant_time (core/hash.h).
template <std::size_t Size>
struct digest {
  std::array<std::byte, Size> bytes = {};
  friend auto operator<=>(const digest&, const digest&) = default;
};

using digest128 = digest<16>;
using digest256 = digest<32>;

}  // namespace eunomia::core

// The bytes of a digest are as good as random: the first eight are its hash.
template <std::size_t Size>
struct std::hash<eunomia::core::digest<Size>> {
  std::size_t operator()(const eunomia::core::digest<Size>& value) const noexcept {
    static_assert(Size >= sizeof(std::size_t));
    std::size_t first;
    std::memcpy(&first, value.bytes.data(), sizeof first);
    return first;
  }
};
