#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "wire/recombee/reql.h"

// The functions of ReQL that are no context and take no lambda.
namespace eunomia::wire::recombee {

// What a call knows beside its arguments.
struct reql_call {
  std::size_t at = 0;  // where it stands in the text
  const reql_facts& facts;
  reql_budget& budget;
};

struct reql_function {
  std::string_view name;
  std::size_t least;  // of arguments
  std::size_t most;
  bool takes_null;  // else a null argument makes the result null
  reql_value (*run)(const reql_call& call, std::span<const reql_value> arguments);
};

std::span<const reql_function> reql_functions();

// By code points that have one counterpart, in the order of Unicode and not of any country.
std::string upper_case(std::string_view text);
std::string lower_case(std::string_view text);

// What an expression made: a string, a set or an array. Throw errc::invalid_argument above max_reql_value_bytes and
// max_reql_elements.
reql_value text_value(const reql_call& call, std::string text);
reql_value collected(const reql_call& call, bool set, std::vector<reql_value> elements);

// a + b, and so on for the other operators of sums and products.
reql_value reql_arithmetic(const reql_call& call, reql_operator how, const reql_value& a, const reql_value& b);
// a < b, and so on. Null: nobody can say.
reql_value reql_compare(const reql_call& call, reql_operator how, const reql_value& a, const reql_value& b);

}  // namespace eunomia::wire::recombee
