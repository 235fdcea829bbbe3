#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

// The filter expressions of Amazon Personalize as a syntax tree.
//
//   filter      = expression { "|" expression }
//   expression  = ( "INCLUDE" | "EXCLUDE" ) subject "WHERE" alternative { "OR" alternative }
//                 [ "IF" user-condition { "AND" user-condition } ]
//   subject     = "ItemID" | "UserID" | "ActionID"
//   alternative = condition { "AND" condition }
//   condition   = dataset "." FIELD test          dataset: Interactions, Items, Users, Actions, Action_Interactions
//   user-condition = "CurrentUser" "." FIELD test
//   test        = [ "NOT" ] "IN" ( "(" value { "," value } ")" | value )
//               | ( "=" | "!=" | "<" | "<=" | ">" | ">=" ) ( "(" value ")" | value )
//   value       = "text" | number | $PARAMETER | "CurrentItem" "." FIELD | "*"
//
// AND binds tighter than OR. Words of the grammar and names of fields have no case; texts and parameters have.
namespace eunomia::recommend {

inline constexpr std::size_t max_filter_bytes = 65'536;  // of an expression

enum class filter_subject { items, users, actions };
enum class filter_dataset { interactions, items, users, actions, action_interactions };
enum class filter_test { in, not_in, equal, not_equal, less, less_or_equal, greater, greater_or_equal };

struct filter_operand {
  enum class kind {
    text,
    number,
    parameter,     // text: its name without '$'
    current_item,  // text: a field of the item that the question is about
    any            // every event type
  };
  kind what = kind::text;
  std::string text;
};

struct filter_condition {
  std::string field;  // in upper case
  filter_test how = filter_test::in;
  std::vector<filter_operand> values;  // one, but for in and not_in
  std::size_t at = 0;                  // where in the text it begins, from 1
};

struct filter_clause {
  bool include = false;  // else exclude
  filter_dataset dataset = filter_dataset::items;
  std::vector<std::vector<filter_condition>> any_of;  // one of these must hold, of which all must hold
  std::vector<filter_condition> if_user;              // all must hold of CurrentUser
};

struct filter_expression {
  filter_subject subject = filter_subject::items;
  std::vector<filter_clause> clauses;

  // Throws errc::invalid_argument: filter: at 34: expected IN, NOT IN or a comparison, got "LIKE".
  static filter_expression parse(std::string_view text);

  // The expression, as parse() reads it to the same.
  std::string str() const;
  std::set<std::string> parameters() const;
};

std::string_view name_of(filter_dataset dataset) noexcept;  // "Interactions"

// Throws errc::invalid_argument: "filter: at 34: " and what is wrong there.
[[noreturn]] void refuse_filter(std::size_t at, std::string_view fault);

}  // namespace eunomia::recommend
