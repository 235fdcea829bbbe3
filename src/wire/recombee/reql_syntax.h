#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "wire/recombee/reql_value.h"

// ReQL expressions as a syntax tree.
//
//   expression  = "if" expression "then" expression "else" expression | alternative
//   alternative = conjunction { "or" conjunction }
//   conjunction = negation { "and" negation }
//   negation    = "not" negation | chain
//   chain       = sum { ( "<" | "<=" | ">" | ">=" | "==" | "!=" | [ "not" ] "in" ) sum }      all of them must hold
//   sum         = product { ( "+" | "-" ) product }
//   product     = factor { ( "*" | "/" | "%" | "&" ) factor }
//   factor      = "-" factor | "+" factor | operand { "[" expression "]" }
//   operand     = number | "text" | 'property' | "true" | "false" | "null" | "(" expression ")"
//               | "{" [ expression { "," expression } ] "}" | "[" [ expression { "," expression } ] "]"
//               | name [ "(" [ argument { "," argument } ] ")" ]
//   argument    = "lambda" 'name' ":" expression | expression
//
// Words of the grammar and names of functions have no case. A backslash takes its special meaning from the character
// behind it. From // to the end of a line is a comment.
namespace eunomia::wire::recombee {

inline constexpr std::size_t max_reql_bytes = 65'536;  // of an expression
inline constexpr std::size_t max_reql_depth = 200;     // of expressions inside each other
inline constexpr std::size_t max_reql_nodes = 20'000;
inline constexpr std::size_t max_reql_lookups = 8;  // [ ] behind one operand

enum class reql_operator {
  less,
  less_or_equal,
  greater,
  greater_or_equal,
  equal,
  not_equal,
  in,
  not_in,
  add,
  subtract,
  multiply,
  divide,
  modulo,
  intersect
};

struct reql_node {
  enum class kind {
    constant,     // value
    property,     // text: its name
    negation,     // not of[0]
    conjunction,  // of, all
    alternative,  // of, any
    chain,        // of[0] operators[0] of[1] operators[1] of[2] …
    arithmetic,   // the same, of which each is worked out with what came before
    minus,        // of[0]
    choice,       // if of[0] then of[1] else of[2]
    set,
    array,    // of
    element,  // of[0] [ of[1] ]
    call,     // text: the function in lower case
    lambda,   // text: its variable; of[0]
    lookup,   // of a context or another item, see reql.h
    variable  // of a lambda
  };
  kind what = kind::constant;
  std::size_t at = 0;  // where in the text it begins, from 1
  reql_value value = {};
  std::string text = {};
  std::size_t slot = 0;  // filled in when it is compiled: which property, function or variable
  std::size_t whose = 0;
  std::vector<reql_operator> operators = {};
  std::vector<reql_node> of = {};
};

// Throws errc::invalid_argument: "ReQL: at 12: expected …".
reql_node parse_reql(std::string_view text);

// Throws errc::invalid_argument: "ReQL: at 12: " and what is wrong there.
[[noreturn]] void refuse_reql(std::size_t at, std::string_view fault);

}  // namespace eunomia::wire::recombee
