#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wire/recombee/reql_syntax.h"

// ReQL, worked out for one candidate after the other.
//
// What a null operand makes of arithmetic, of an order (<, >) and of most functions is null; == and != take null for a
// value like others; `and`, `or`, `not` and `if` take it for false. An operator or function that gets kinds of values
// for which it has no meaning is an error with its position.
namespace eunomia::wire::recombee {

// Whose properties an expression asks for.
enum class reql_whose : std::size_t {
  candidate,     // 'price'
  context_item,  // context_item["price"]
  context_user,  // context_user["country"]
  another_item   // item_values("item-42")["price"]
};

// Which properties there are. Any thread.
class reql_schema {
 public:
  virtual ~reql_schema() = default;
  // The number under which reql_facts knows it; nothing for one that there is not.
  virtual std::optional<std::size_t> slot_of(reql_whose whose, std::string_view property) const = 0;
};

// What is known where an expression is worked out: of one candidate, in one request.
class reql_facts {
 public:
  virtual ~reql_facts() = default;
  // another: the id, where another item is asked for.
  virtual reql_value value_of(reql_whose whose, std::size_t slot, std::string_view another) const = 0;
  // The segment that the question is about: context_segment["segmentId"].
  virtual std::optional<std::string> segment() const = 0;
  virtual double now() const = 0;     // seconds since 1970
  virtual double random() const = 0;  // 0 to 1
};

// How much one request may still work out: every part of an expression, for every candidate, takes a step, and long
// values take more.
class reql_budget {
 public:
  static constexpr std::uint64_t max_reql_steps = 100'000'000;

  // Throws errc::invalid_argument, naming the limit.
  void spend(std::uint64_t steps) {
    if (steps > left_) {
      refuse();
    }
    left_ -= steps;
  }

 private:
  [[noreturn]] static void refuse();
  std::uint64_t left_ = max_reql_steps;
};

inline constexpr std::size_t max_reql_value_bytes = std::size_t{1} << 20;  // of a string that an expression makes
inline constexpr std::size_t max_reql_elements = 100'000;                  // of a set or an array

// A compiled expression. Immutable; any thread.
class reql {
 public:
  // Throws errc::invalid_argument with the position: of what cannot be read, of a property that is not in the schema,
  // and of a function that there is not or that has other arguments.
  static reql compile(std::string_view text, const reql_schema& schema);

  // Throws errc::invalid_argument with the position.
  reql_value evaluate(const reql_facts& facts, reql_budget& budget) const;
  // Of a filter: whether it is true. Throws also where it is neither a boolean nor null.
  bool allows(const reql_facts& facts, reql_budget& budget) const;
  // Of a booster: its number, never negative; 1 where it is null or NaN. Throws also where it is something else.
  double boost(const reql_facts& facts, reql_budget& budget) const;

 private:
  explicit reql(reql_node root) : root_(std::move(root)) {}

  reql_node root_;
};

}  // namespace eunomia::wire::recombee
