// Questions to campaigns and recommenders.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "core/error.h"
#include "core/hash.h"
#include "wire/personalize/asked_thing.h"
#include "wire/personalize/dataset_groups.h"
#include "wire/personalize/descriptions.h"
#include "wire/personalize/json_members.h"
#include "wire/personalize/operations.h"
#include "wire/personalize/shaping.h"
#include "wire/personalize/solutions.h"

namespace eunomia::wire::personalize {

namespace {

using core::errc;
using core::json_value;

constexpr std::size_t default_results = 25;
constexpr double default_exploration_weight = 0.3;

void require_type(const asked_thing& of, bool fits, std::string_view operation_name) {
  if (!fits) {
    throw core::error(errc::invalid_argument, fmt::format("{} was made with a recipe of type {}, which {} does not ask",
                                                          of.asked->arn, name_of(of.type()), operation_name));
  }
}

recommend::filter_values values_in(const json_value& input) {
  recommend::filter_values values;
  if (const json_value* const given = member_of(input, "filterValues")) {
    for (std::size_t i = 0; i < given->names().size(); ++i) {
      values.emplace(given->names()[i], given->elements()[i].text());
    }
  }
  return values;
}

// Of an object with filterArn and filterValues.
recommend::filtering filter_in(const house& in, const json_value& input, const asked_thing& of) {
  const auto arn = text_of(input, "filterArn");
  if (!arn) {
    return {};
  }
  const auto filter = in.known.find(resource_kind::filter, *arn);
  if (filter->parent != of.solution->parent) {
    throw core::error(errc::invalid_argument,
                      fmt::format("filter {} is of another dataset group than {}", *arn, of.asked->arn));
  }
  return {required_text(filter->shown, "filterExpression"), values_in(input)};
}

// One entry of a list on its way out.
struct listed {
  std::string item;
  std::optional<float> score;
  bool explored = false;
  bool promoted = false;
};

// Columns of items whose values the answer shows with them.
std::vector<std::string> columns_in(const json_value& input, const asked_thing& of) {
  std::vector<std::string> columns;
  const json_value* const wanted = member_of(input, "metadataColumns");
  const json_value* const items = wanted == nullptr ? nullptr : member_of(*wanted, "ITEMS");
  if (items == nullptr) {
    return columns;
  }
  const json_value* const config = of.config();
  if (config == nullptr || !flag_of(*config, "enableMetadataWithRecommendations").value_or(false)) {
    throw core::error(
        errc::invalid_argument,
        fmt::format("{} was not created with enableMetadataWithRecommendations, so it answers no metadata",
                    of.asked->arn));
  }
  for (const json_value& one : items->elements()) {
    columns.push_back(one.text());
  }
  return columns;
}

bool has_scores(recipe_type type) {
  return type == recipe_type::user_personalization || type == recipe_type::personalized_ranking ||
         type == recipe_type::personalized_actions;
}

json_value shown(const house& in, const json_value& input, const asked_thing& of, std::string_view id_member,
                 const std::vector<listed>& list, std::string_view promotion) {
  const auto columns = columns_in(input, of);
  std::vector<std::string> ids;
  ids.reserve(list.size());
  for (const listed& one : list) {
    ids.push_back(one.item);
  }
  const auto metadata = columns.empty() ? std::vector<std::map<std::string, std::string>>()
                                        : in.answering.metadata_of(of.model, ids, columns);
  json_value all = json_value::of_array();
  for (std::size_t i = 0; i < list.size(); ++i) {
    const listed& one = list[i];
    // Each name is new: it is not looked for.
    json_value item = json_value::of_object();
    item.append(std::string(id_member), json_value::of_string(one.item));
    if (one.score && has_scores(of.type())) {
      item.append("score", of_real(*one.score));
    }
    if (one.promoted) {
      item.append("promotionName", json_value::of_string(std::string(promotion)));
    }
    if (one.promoted || one.explored) {
      json_value reasons = json_value::of_array();
      reasons.append(json_value::of_string(one.promoted ? "Promoted item" : "Exploration"));
      item.append("reason", std::move(reasons));
    }
    if (!columns.empty()) {
      json_value values = json_value::of_object();
      for (const auto& [name, value] : metadata[i]) {
        values.append(name, json_value::of_string(value));
      }
      item.append("metadata", std::move(values));
    }
    all.append(std::move(item));
  }
  return all;
}

std::vector<listed> listed_of(const recommend::answer& given) {
  std::vector<listed> list;
  list.reserve(given.items.size());
  for (const auto& one : given.items) {
    list.push_back({one.item, one.score, one.explored});
  }
  return list;
}

// A visitor who has not signed in is asked about by the id of their session.
recommend::asked who_asks(const house& in, const json_value& input, const asked_thing& of) {
  recommend::asked who;
  who.user = text_of(input, "userId");
  if (who.user && !in.people.find(in.user_space, *who.user)) {
    for (const recommend::event& one : in.sessions.of(of.solution->parent, *who.user).events) {
      who.visited.push_back(one.item_id);
    }
    if (!who.visited.empty()) {
      who.user.reset();
    }
  }
  return who;
}

// Asks for a list of so many: personal ones, popular ones, or those like an item, as the recipe is.
recommend::answer ask(const house& in, const json_value& input, const asked_thing& of, std::size_t count,
                      const recommend::filtering& filter) {
  const recommend::asked who = who_asks(in, input, of);
  if (of.type() == recipe_type::related_items) {
    const auto item = text_of(input, "itemId");
    if (!item) {
      throw core::error(errc::invalid_argument,
                        fmt::format("{} asks for items like one: itemId is missing", of.asked->arn));
    }
    recommend::answer given =
        in.answering.similar(of.model, *item, count, filter, who, shaping_for(of.config(), *of.solution, input));
    count_answer(in, of, input, given);
    return given;
  }
  if (!text_of(input, "userId") && of.type() != recipe_type::popular_items) {
    throw core::error(errc::invalid_argument, fmt::format("{} is personal: userId is missing", of.asked->arn));
  }
  recommend::question what;
  what.who = who;
  what.count = count;
  // As Personalize does: what somebody had is left out by a filter, where that is wanted.
  what.include_history = true;
  what.filter = filter;
  what.shape = shaping_for(of.config(), *of.solution, input);
  if (of.of != nullptr && of.of->explores) {
    set_exploration(in, of.config(), default_exploration_weight, of.model, what);
  }
  recommend::answer given = in.answering.recommend(of.model, what);
  count_answer(in, of, input, given);
  return given;
}

// Promoted items take their share of the places, evenly spread from the first on.
std::vector<listed> with_promoted(const std::vector<listed>& organic, const std::vector<listed>& promoted,
                                  std::size_t count, std::size_t places) {
  std::set<std::string> used;
  std::vector<listed> list;
  std::size_t next_promoted = 0;
  std::size_t next_organic = 0;
  std::size_t shown_promoted = 0;
  const auto take = [&](const std::vector<listed>& from, std::size_t& next, bool is_promoted) {
    while (next < from.size()) {
      listed one = from[next++];
      if (used.insert(one.item).second) {
        one.promoted = is_promoted;
        list.push_back(std::move(one));
        return true;
      }
    }
    return false;
  };
  for (std::size_t place = 0; place < count; ++place) {
    // Of the first n + 1 places, promoted ones have at least their share, rounded up.
    const bool wants_promoted =
        shown_promoted < places && shown_promoted * count <= place * places && next_promoted < promoted.size();
    if (wants_promoted && take(promoted, next_promoted, true)) {
      ++shown_promoted;
    } else if (!take(organic, next_organic, false)) {
      if (shown_promoted >= places || !take(promoted, next_promoted, true)) {
        break;
      }
      ++shown_promoted;
    }
  }
  return list;
}

std::vector<listed> listed_with_promotion(const house& in, const json_value& input, const asked_thing& of,
                                          std::size_t count, const json_value& promotion,
                                          const recommend::filtering& filter) {
  const auto percent = number_of(promotion, "percentPromotedItems").value_or(100);
  const auto places = static_cast<std::size_t>(std::floor(static_cast<double>(count) * percent / 100));
  const auto promoted = listed_of(ask(in, input, of, count, filter_in(in, promotion, of)));
  const auto organic = listed_of(ask(in, input, of, std::min(count + places, recommend::max_recommendations), filter));
  return with_promoted(organic, promoted, count, places);
}

json_value recommendations(const house& in, const json_value& input) {
  const asked_thing of = thing_named(in, input);
  require_type(of,
               of.type() != recipe_type::personalized_ranking && of.type() != recipe_type::personalized_actions &&
                   of.type() != recipe_type::user_segmentation,
               "GetRecommendations");
  const auto count = static_cast<std::size_t>(number_of(input, "numResults").value_or(default_results));
  const recommend::filtering filter = filter_in(in, input, of);
  const json_value* const promotions = member_of(input, "promotions");
  std::vector<listed> list;
  std::string promotion_name;
  if (promotions != nullptr && !promotions->elements().empty()) {
    const json_value& promotion = promotions->elements().front();
    promotion_name = text_of(promotion, "name").value_or("");
    list = listed_with_promotion(in, input, of, count, promotion, filter);
  } else if (count > 0) {
    list = listed_of(ask(in, input, of, count, filter));
  }
  return with(with(json_value::of_object(), "itemList", shown(in, input, of, "itemId", list, promotion_name)),
              "recommendationId", new_recommendation_id(of.asked->arn));
}

json_value ranking(const house& in, const json_value& input) {
  const asked_thing of = thing_named(in, input);
  require_type(of, of.type() == recipe_type::personalized_ranking || of.type() == recipe_type::user_personalization,
               "GetPersonalizedRanking");
  std::vector<std::string> items;
  for (const json_value& one : member_of(input, "inputList")->elements()) {
    items.push_back(one.text());
  }
  recommend::asked who;
  who.user = required_text(input, "userId");
  auto given = in.answering.rank(of.model, who, items, 0, filter_in(in, input, of),
                                 shaping_for(of.config(), *of.solution, input));
  count_answer(in, of, input, given);
  const auto list = listed_of(given);
  return with(with(json_value::of_object(), "personalizedRanking", shown(in, input, of, "itemId", list, {})),
              "recommendationId", new_recommendation_id(of.asked->arn));
}

json_value actions(const house& in, const json_value& input) {
  const asked_thing of = thing_named(in, input);
  require_type(of, of.type() == recipe_type::personalized_actions, "GetActionRecommendations");
  const auto count = static_cast<std::size_t>(number_of(input, "numResults").value_or(5));
  const auto list = listed_of(ask(in, input, of, count, filter_in(in, input, of)));
  return with(with(json_value::of_object(), "actionList", shown(in, input, of, "actionId", list, {})),
              "recommendationId", new_recommendation_id(of.asked->arn));
}

}  // namespace

void add_runtime(aws::json_service& to, const house& in) {
  to.add<json_value, json_value>("GetRecommendations", callers(), [in](const json_value& input, const http::request&) {
    return recommendations(in, input);
  });
  to.add<json_value, json_value>("GetPersonalizedRanking", callers(),
                                 [in](const json_value& input, const http::request&) { return ranking(in, input); });
  to.add<json_value, json_value>("GetActionRecommendations", callers(),
                                 [in](const json_value& input, const http::request&) { return actions(in, input); });
}

}  // namespace eunomia::wire::personalize
