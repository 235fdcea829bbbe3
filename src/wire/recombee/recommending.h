#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "wire/recombee/call.h"
#include "wire/recombee/candidates.h"

// Lists of items for somebody, in Recombee's words: filtered and boosted by ReQL, varied, filled up where there is not
// enough that is relevant.
namespace eunomia::wire::recombee {

enum class relevance { low, medium, high };

// What a list is asked for.
struct list_question {
  recommend::asked who = {};
  question_context about = {};  // about.item: items like it
  std::size_t count = 0;
  std::string scenario = {};
  std::optional<std::string> filter = std::nullopt;
  std::optional<std::string> booster = std::nullopt;
  double diversity = 0;
  recommend::rotation rotate = {};
  relevance least = relevance::low;
  std::set<std::string, std::less<>> excluded = {};
  // What else must hold of an item; empty: nothing.
  std::function<bool(const std::string& id, const database::values* known)> also = nullptr;
};

inline constexpr std::size_t max_recomms = 1'000;

// The parameters that all lists have.
list_question question_in(const call& of, const parameters& given);
// Whom it is for. Creates an unknown user where the request says cascadeCreate, durably, else throws errc::not_found.
void ask_for(call& of, list_question& what, const std::string& user, const parameters& given);

// Shows every item of the catalogue that the question allows, by id, and how much it is boosted.
void each_allowed(
    const call& of, const list_question& what,
    const std::function<void(const std::string& id, const database::values& known, double factor)>& visit);

// Best first. Throws errc::invalid_argument for ReQL that is wrong, with its position.
std::vector<std::string> items_for(const call& of, const list_question& what);

// {"recommId", "recomms": [{"id", "values"?, "reqlEvaluations"?}], "numberNextRecommsCalls"}, and keeps what was given
// so that what comes next can be asked for.
core::json_value recommended(const call& of, const list_question& what, const std::vector<std::string>& ids,
                             given_lists::list given, const std::string& id);

// What was worked out for a candidate, of the expressions of reqlExpressions by their names.
std::map<std::string, reql> evaluations_in(const parameters& given, const reql_schema& schema);
core::json_value evaluated(const std::map<std::string, reql>& all, const reql_facts& facts, reql_budget& budget);

// Whom and what a request names, in its path or its parameters.
struct subjects {
  std::optional<std::string> user = std::nullopt;
  std::string item = {};
};
// What an operation that lists asks.
using questioner = std::function<list_question(call& of, const subjects& about, const parameters& given)>;
// Answers with a list of items; kind: its name among those whose continuation may be asked for.
reply list_answer(call& of, const std::string& kind, const subjects& about, const questioner& ask);
// A list that is to be continued: without whom it was for among the parameters.
given_lists::list list_given(const call& of, std::string_view kind, const subjects& about,
                             const std::optional<core::subject_handle>& user);
// One that a continuation asks for, and whom and what it was about. Throws errc::not_found.
struct continued_list {
  given_lists::list before;
  subjects about;
};
continued_list continued(const call& of, const std::function<bool(std::string_view kind)>& is_meant);

}  // namespace eunomia::wire::recombee
