#pragma once

#include <boost/describe.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/json_schema.h"
#include "recommend/answering.h"

// Questions to a served recommender and their answers, as the API reads and writes them.
namespace eunomia::wire::api {

struct reason_view {
  std::string item;
  float share = 0;
};
BOOST_DESCRIBE_STRUCT(reason_view, (), (item, share))

struct item_view {
  std::string item;
  std::optional<float> score;
  bool explored = false;
  std::vector<reason_view> because;
};
BOOST_DESCRIBE_STRUCT(item_view, (), (item, score, explored, because))

// known: the user is known; personal: something they did was counted, else everybody gets this answer; withheld: why
// nothing of theirs was counted: objection, restriction or no_consent; decision: its id where it was kept as one.
struct answer_view {
  std::string recommender;
  std::int64_t version = 0;
  std::string family;
  bool known = false;
  bool personal = false;
  std::optional<std::string> withheld;
  std::vector<item_view> items;
  std::optional<std::int64_t> decision;
};
BOOST_DESCRIBE_STRUCT(answer_view, (), (recommender, version, family, known, personal, withheld, items, decision))

constexpr std::string_view deployment_text = "A deployment's name: its version is asked instead of the one that serves";
constexpr std::string_view user_text = "A USER_ID; somebody who is not known is answered like a new visitor";

// By what else than relevance a list is ordered: recommend::emphasis.
struct influence_body {
  double popularity = 0;
  double freshness = 0;
  std::string column;
  double of_column = 0;
};
BOOST_DESCRIBE_STRUCT(influence_body, (), (popularity, freshness, column, of_column))
core::json_notes notes_of(const influence_body*);

struct recommendation_body {
  std::optional<std::string> user;
  std::vector<std::string> history;
  std::uint32_t count = 25;
  bool include_history = false;
  std::vector<std::string> only;
  std::vector<std::string> exclude;
  std::vector<std::string> where;
  std::string filter;
  std::map<std::string, std::string> filter_values;
  double explore = 0;
  double explore_days = 0;
  std::uint64_t seed = 1;
  double diversity = 0;
  double rotation_rate = 0;
  double rotation_time = recommend::rotation().seconds;
  influence_body influence;
  std::map<std::string, std::string> context;
  std::uint32_t explain = 0;
  bool keep_decision = false;
  std::string deployment;
};
BOOST_DESCRIBE_STRUCT(recommendation_body, (),
                      (user, history, count, include_history, only, exclude, where, filter, filter_values, explore,
                       explore_days, seed, diversity, rotation_rate, rotation_time, influence, context, explain,
                       keep_decision, deployment))
core::json_notes notes_of(const recommendation_body*);

struct ranking_body {
  std::optional<std::string> user;
  std::vector<std::string> history;
  std::vector<std::string> items;
  std::string filter;
  std::map<std::string, std::string> filter_values;
  influence_body influence;
  std::map<std::string, std::string> context;
  std::uint32_t explain = 0;
  bool keep_decision = false;
  std::string deployment;
};
BOOST_DESCRIBE_STRUCT(ranking_body, (),
                      (user, history, items, filter, filter_values, influence, context, explain, keep_decision,
                       deployment))
core::json_notes notes_of(const ranking_body*);

struct similar_body {
  std::string item;
  std::uint32_t count = 25;
  std::string filter;
  std::map<std::string, std::string> filter_values;
  std::optional<std::string> user;
  std::string deployment;
};
BOOST_DESCRIBE_STRUCT(similar_body, (), (item, count, filter, filter_values, user, deployment))
core::json_notes notes_of(const similar_body*);

struct explanation_body {
  std::optional<std::string> user;
  std::vector<std::string> history;
  std::string item;
  std::uint32_t count = 10;
  std::string deployment;
};
BOOST_DESCRIBE_STRUCT(explanation_body, (), (user, history, item, count, deployment))
core::json_notes notes_of(const explanation_body*);

answer_view view_of(recommend::answer&& given);
recommend::question question_of(const recommendation_body& body);
recommend::shaping shaping_of(const ranking_body& body);
// Which version any of the bodies asks of a recommender.
template <class Body>
recommend::asked_model model_of(std::string_view recommender, const Body& body) {
  return {recommender, body.deployment};
}
// The filter of any of the bodies.
template <class Body>
recommend::filtering filtering_of(const Body& body) {
  return {body.filter, body.filter_values};
}

}  // namespace eunomia::wire::api
