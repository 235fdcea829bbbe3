#include "wire/recombee/reql_value.h"

#include <algorithm>
#include <cmath>

namespace eunomia::wire::recombee {

namespace {

// NaN after every number, so that sets have an order.
std::strong_ordering order_of(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) {
    return std::isnan(a) <=> std::isnan(b);
  }
  return a < b ? std::strong_ordering::less : a > b ? std::strong_ordering::greater : std::strong_ordering::equal;
}

int rank_of(const reql_value& value) {
  if (value.is_null()) {
    return 0;
  }
  if (value.boolean() != nullptr) {
    return 1;
  }
  if (value.is_number()) {
    return 2;
  }
  if (value.text() != nullptr) {
    return 3;
  }
  return value.is_set() ? 4 : 5;
}

}  // namespace

reql_value reql_value::set_of(std::vector<reql_value> elements) {
  std::sort(elements.begin(), elements.end(), [](const auto& a, const auto& b) { return a.order(b) < 0; });
  elements.erase(
      std::unique(elements.begin(), elements.end(), [](const auto& a, const auto& b) { return a.order(b) == 0; }),
      elements.end());
  reql_value made;
  made.held_ = std::make_shared<const reql_collection>(reql_collection{true, std::move(elements)});
  return made;
}

reql_value reql_value::array_of(std::vector<reql_value> elements) {
  reql_value made;
  made.held_ = std::make_shared<const reql_collection>(reql_collection{false, std::move(elements)});
  return made;
}

const reql_collection* reql_value::collection() const {
  const auto* const held = std::get_if<std::shared_ptr<const reql_collection>>(&held_);
  return held == nullptr ? nullptr : held->get();
}

std::optional<double> reql_value::number() const {
  if (const auto* const whole = integer()) {
    return static_cast<double>(*whole);
  }
  const auto* const real = std::get_if<double>(&held_);
  return real == nullptr ? std::nullopt : std::optional(*real);
}

bool reql_value::truth() const {
  if (const bool* const flag = boolean()) {
    return *flag;
  }
  if (const auto value = number()) {
    return !std::isnan(*value) && *value != 0;
  }
  if (const std::string* const words = text()) {
    return !words->empty();
  }
  return collection() != nullptr && !collection()->elements.empty();
}

std::string_view reql_value::kind() const {
  switch (rank_of(*this)) {
    case 0: return "null";
    case 1: return "a boolean";
    case 2: return "a number";
    case 3: return "a string";
    case 4: return "a set";
    default: return "an array";
  }
}

bool reql_value::equals(const reql_value& other) const {
  if (const auto a = number(), b = other.number(); a && b && (std::isnan(*a) || std::isnan(*b))) {
    return false;
  }
  return order(other) == 0;
}

std::strong_ordering reql_value::order(const reql_value& other) const {
  if (const auto by_kind = rank_of(*this) <=> rank_of(other); by_kind != 0) {
    return by_kind;
  }
  if (const bool* const flag = boolean()) {
    return *flag <=> *other.boolean();
  }
  if (integer() != nullptr && other.integer() != nullptr) {
    return *integer() <=> *other.integer();
  }
  if (is_number()) {
    return order_of(*number(), *other.number());
  }
  if (const std::string* const words = text()) {
    return words->compare(*other.text()) <=> 0;
  }
  if (collection() == nullptr) {
    return std::strong_ordering::equal;
  }
  const auto& a = collection()->elements;
  const auto& b = other.collection()->elements;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    if (const auto here = a[i].order(b[i]); here != 0) {
      return here;
    }
  }
  return a.size() <=> b.size();
}

bool reql_value::contains(const reql_value& element) const {
  const auto& all = collection()->elements;
  if (collection()->is_set) {
    return std::binary_search(all.begin(), all.end(), element,
                              [](const auto& a, const auto& b) { return a.order(b) < 0; });
  }
  return std::any_of(all.begin(), all.end(), [&](const auto& one) { return one.equals(element); });
}

}  // namespace eunomia::wire::recombee
