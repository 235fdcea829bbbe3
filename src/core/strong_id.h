#pragma once

#include <compare>
#include <cstdint>
#include <functional>

namespace eunomia::core {

// A number that names one kind of thing, so that a run cannot be passed for a subject:
// using run_id = strong_id<struct run_tag>.
template <class Tag, class Value = std::uint64_t>
class strong_id {
 public:
  using value_type = Value;

  constexpr strong_id() = default;
  constexpr explicit strong_id(Value value) : value_(value) {}
  constexpr Value value() const { return value_; }

  friend constexpr auto operator<=>(strong_id, strong_id) = default;

 private:
  Value value_ = 0;
};

}  // namespace eunomia::core

template <class Tag, class Value>
struct std::hash<eunomia::core::strong_id<Tag, Value>> {
  std::size_t operator()(eunomia::core::strong_id<Tag, Value> id) const noexcept {
    return std::hash<Value>{}(id.value());
  }
};
