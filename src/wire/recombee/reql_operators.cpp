// The operators of ReQL: sums, products and comparisons.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <compare>
#include <limits>

#include "wire/recombee/reql_functions.h"

namespace eunomia::wire::recombee {

namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

std::optional<std::int64_t> exact(reql_operator how, std::int64_t a, std::int64_t b) {
  std::int64_t made = 0;
  switch (how) {
    case reql_operator::add: return __builtin_add_overflow(a, b, &made) ? std::nullopt : std::optional(made);
    case reql_operator::subtract: return __builtin_sub_overflow(a, b, &made) ? std::nullopt : std::optional(made);
    case reql_operator::multiply: return __builtin_mul_overflow(a, b, &made) ? std::nullopt : std::optional(made);
    case reql_operator::modulo: return b == 0 || b == -1 ? std::nullopt : std::optional(a % b);
    default: return std::nullopt;
  }
}

double real(reql_operator how, double a, double b) {
  switch (how) {
    case reql_operator::add: return a + b;
    case reql_operator::subtract: return a - b;
    case reql_operator::multiply: return a * b;
    case reql_operator::divide: return b == 0 ? nan : a / b;
    case reql_operator::modulo: return b == 0 ? nan : std::fmod(a, b);
    default: return nan;
  }
}

// Union +, difference -, intersection &, what is in one of them only /.
std::optional<reql_value> of_sets(const reql_call& call, reql_operator how, const reql_value& a, const reql_value& b) {
  std::vector<reql_value> made;
  const auto take = [&](const reql_value& from, const reql_value& other, bool wanted) {
    for (const reql_value& one : from.collection()->elements) {
      if (other.contains(one) == wanted) {
        made.push_back(one);
      }
    }
  };
  switch (how) {
    case reql_operator::add:
      take(a, b, false);
      take(b, a, false);
      take(a, b, true);
      break;
    case reql_operator::subtract: take(a, b, false); break;
    case reql_operator::multiply:
    case reql_operator::intersect: take(a, b, true); break;
    case reql_operator::divide:
      take(a, b, false);
      take(b, a, false);
      break;
    default: return std::nullopt;
  }
  return collected(call, true, std::move(made));
}

bool is_subset(const reql_value& a, const reql_value& b) {
  const auto& elements = a.collection()->elements;
  return std::all_of(elements.begin(), elements.end(), [&](const reql_value& one) { return b.contains(one); });
}

bool ordered(reql_operator how, std::partial_ordering found) {
  switch (how) {
    case reql_operator::less: return found < 0;
    case reql_operator::less_or_equal: return found <= 0;
    case reql_operator::greater: return found > 0;
    default: return found >= 0;
  }
}

std::optional<std::partial_ordering> order_of(const reql_value& a, const reql_value& b) {
  if (a.is_number() && b.is_number()) {
    return *a.number() <=> *b.number();
  }
  if (a.text() != nullptr && b.text() != nullptr) {
    return a.order(b);
  }
  if (a.is_set() && b.is_set()) {
    const bool within = is_subset(a, b);
    const bool around = is_subset(b, a);
    return within && around ? std::partial_ordering::equivalent
           : within         ? std::partial_ordering::less
           : around         ? std::partial_ordering::greater
                            : std::partial_ordering::unordered;
  }
  return std::nullopt;
}

bool is_in(const reql_call& call, const reql_value& a, const reql_value& b) {
  if (b.is_null()) {
    return false;
  }
  if (b.collection() != nullptr) {
    call.budget.spend(b.is_set() ? 1 : b.collection()->elements.size());
    return b.contains(a);
  }
  if (b.text() != nullptr && (a.text() != nullptr || a.is_null())) {
    return a.text() != nullptr && b.text()->find(*a.text()) != std::string::npos;
  }
  refuse_reql(
      call.at,
      fmt::format("\"in\" looks for something in a set or an array, or for a string in a string; it got {} in {}",
                  a.kind(), b.kind()));
}

}  // namespace

reql_value text_value(const reql_call& call, std::string text) {
  if (text.size() > max_reql_value_bytes) {
    refuse_reql(call.at, fmt::format("makes a string of more than max_reql_value_bytes = {}", max_reql_value_bytes));
  }
  constexpr std::size_t bytes_a_step = 64;
  call.budget.spend(text.size() / bytes_a_step);
  return reql_value(std::move(text));
}

reql_value collected(const reql_call& call, bool set, std::vector<reql_value> elements) {
  if (elements.size() > max_reql_elements) {
    refuse_reql(call.at, fmt::format("makes more than max_reql_elements = {} elements", max_reql_elements));
  }
  call.budget.spend(elements.size());
  return set ? reql_value::set_of(std::move(elements)) : reql_value::array_of(std::move(elements));
}

reql_value reql_arithmetic(const reql_call& call, reql_operator how, const reql_value& a, const reql_value& b) {
  if (a.is_null() || b.is_null()) {
    return {};
  }
  if (a.is_number() && b.is_number() && how != reql_operator::intersect) {
    if (a.integer() != nullptr && b.integer() != nullptr) {
      if (const auto made = exact(how, *a.integer(), *b.integer())) {
        return reql_value(*made);
      }
    }
    return reql_value(real(how, *a.number(), *b.number()));
  }
  if (a.text() != nullptr && b.text() != nullptr && how == reql_operator::add) {
    return text_value(call, *a.text() + *b.text());
  }
  if (a.is_set() && b.is_set()) {
    if (auto made = of_sets(call, how, a, b)) {
      return *std::move(made);
    }
  } else if (a.collection() != nullptr && b.collection() != nullptr && !a.is_set() && !b.is_set() &&
             how == reql_operator::add) {
    std::vector<reql_value> all = a.collection()->elements;
    all.insert(all.end(), b.collection()->elements.begin(), b.collection()->elements.end());
    return collected(call, false, std::move(all));
  }
  constexpr std::array<std::string_view, 14> signs = {"<",      "<=", ">", ">=", "==", "!=", "in",
                                                      "not in", "+",  "-", "*",  "/",  "%",  "&"};
  refuse_reql(call.at, fmt::format("\"{}\" has no meaning for {} and {}", signs[static_cast<std::size_t>(how)],
                                   a.kind(), b.kind()));
}

reql_value reql_compare(const reql_call& call, reql_operator how, const reql_value& a, const reql_value& b) {
  switch (how) {
    case reql_operator::equal: return reql_value(a.equals(b));
    case reql_operator::not_equal: return reql_value(!a.equals(b));
    case reql_operator::in: return reql_value(is_in(call, a, b));
    case reql_operator::not_in: return reql_value(!is_in(call, a, b));
    default: break;
  }
  if (a.is_null() || b.is_null()) {
    return {};
  }
  const auto found = order_of(a, b);
  if (!found) {
    refuse_reql(call.at, fmt::format("{} and {} have no order", a.kind(), b.kind()));
  }
  return reql_value(ordered(how, *found));
}

}  // namespace eunomia::wire::recombee
