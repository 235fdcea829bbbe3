#include "wire/personalize/recipes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>

#include "core/error.h"
#include "core/json.h"
#include "recommend/family.h"
#include "wire/personalize/descriptions.h"
#include "wire/personalize/json_members.h"
#include "wire/personalize/operations.h"
#include "wire/personalize/training_columns.h"
#include "wire/personalize/trends.h"

namespace eunomia::wire::personalize {

namespace {

using core::errc;
using core::json_value;
using enum recipe_type;

constexpr std::string_view arn_prefix = "arn:aws:personalize:::recipe/";

// When ours took the place of AWS's: what descriptions show as the day on which a recipe was made.
constexpr std::int64_t made_at = 1'767'225'600'000;  // 2026-01-01

constexpr std::array<hyperparameter, 4> of_hrnn = {{{"hidden_dimension", 32, 256, 149, true, "factors"},
                                                    {"bptt", 2, 32, 32, true},
                                                    {"min_user_history_length_percentile", 0, 1, 0, false},
                                                    {"max_user_history_length_percentile", 0, 1, 0.99, false}}};
constexpr std::array<hyperparameter, 4> of_sims = {
    {{"popularity_discount_factor", 0, 1, 0.5, false, "popularity_discount"},
     {"min_cointeraction_count", 0, 10, 3, true, "minimum_co_interactions", 1},
     {"min_user_history_length_percentile", 0, 1, 0.005, false},
     {"max_user_history_length_percentile", 0, 1, 0.995, false}}};
constexpr std::array<hyperparameter, 2> of_similar_items = {
    {{"item_id_hidden_dim", 30, 200, 100, true, "factors"}, {"item_metadata_hidden_dim", 30, 200, 100, true}}};

constexpr std::string_view personal =
    "EASE for catalogues of up to 20,000 items, iALS with side features beyond: whoever is asked about is folded in "
    "from "
    "what they did up to now, without a retraining";
constexpr std::string_view most_popular = "how many people an item has, by the strength of their interactions";
constexpr std::string_view of_late =
    "what more people have in the last windows of time than its share of those before says (significance over a "
    "decayed mean); learns anew with every window";
constexpr std::string_view neighbours =
    "item-based nearest neighbours: co-interactions with a discount for popular items";
constexpr std::string_view by_factors =
    "iALS with features of items: similar are items whose factors point the same way, new ones by their metadata";

constexpr std::array<recipe, 25> all = {{
    {"aws-user-personalization", user_personalization, "", "", "{}", "", personal, of_hrnn, true},
    {"aws-user-personalization-v2", user_personalization, "", "", "{}", "", personal, {}, true},
    {"aws-hrnn", user_personalization, "", "", "{}", "", personal, of_hrnn},
    {"aws-hrnn-metadata", user_personalization, "", "ials", "{}", "", personal, of_hrnn},
    {"aws-hrnn-coldstart", user_personalization, "", "ials", "{}", "", personal, of_hrnn, true},
    {"aws-popularity-count", popular_items, "", "popularity", "{}", "", most_popular},
    {"aws-trending-now", popular_items, "", "trending", "{}", "", of_late},
    {"aws-personalized-ranking", personalized_ranking, "", "", "{}", "", personal, of_hrnn},
    {"aws-personalized-ranking-v2", personalized_ranking, "", "", "{}", "", personal},
    {"aws-sims", related_items, "", "item-knn", "{}", "", neighbours, of_sims},
    {"aws-similar-items", related_items, "", "ials", "{}", "", by_factors, of_similar_items},
    {"aws-semantic-similarity", related_items, "", "ials", "{}", "", by_factors},
    {"aws-next-best-action", personalized_actions, "", "", "{}", "", personal, {}, true, true},
    {"aws-item-affinity", user_segmentation, "", "ials", "{}", "", by_factors},
    {"aws-item-attribute-affinity", user_segmentation, "", "ials", "{}", "", by_factors},
    {"aws-ecomm-popular-items-by-views", popular_items, "ECOMMERCE", "popularity", "{}", "View", most_popular},
    {"aws-ecomm-popular-items-by-purchases", popular_items, "ECOMMERCE", "popularity", "{}", "Purchase", most_popular},
    {"aws-ecomm-frequently-bought-together", related_items, "ECOMMERCE", "item-knn", "{}", "Purchase", neighbours},
    {"aws-ecomm-customers-who-viewed-x-also-viewed", related_items, "ECOMMERCE", "item-knn", "{}", "View", neighbours},
    {"aws-ecomm-recommended-for-you", user_personalization, "ECOMMERCE", "", "{}", "", personal, {}, true},
    {"aws-vod-because-you-watched-x", related_items, "VIDEO_ON_DEMAND", "item-knn", "{}", "Watch", neighbours},
    {"aws-vod-more-like-x", related_items, "VIDEO_ON_DEMAND", "ials", "{}", "", by_factors},
    {"aws-vod-most-popular", popular_items, "VIDEO_ON_DEMAND", "popularity", "{}", "Watch", most_popular},
    {"aws-vod-top-picks", user_personalization, "VIDEO_ON_DEMAND", "", "{}", "", personal, {}, true},
    {"aws-vod-trending-now", popular_items, "VIDEO_ON_DEMAND", "trending", "{}", "Watch", of_late},
}};

// A number that a client gives as text, as all of AWS's hyperparameters are.
double number_in(std::string_view recipe_name, std::string_view name, const json_value& given) {
  double value = NAN;
  const std::string& text = given.text();
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (fault != std::errc() || end != text.data() + text.size()) {
    throw core::error(
        errc::invalid_argument,
        fmt::format("algorithmHyperParameters: {} of {} must be a number, got \"{}\"", name, recipe_name, text));
  }
  return value;
}

[[noreturn]] void refuse_hyperparameter(const recipe& of, std::string_view name) {
  std::vector<std::string_view> names;
  for (const hyperparameter& one : of.hyperparameters) {
    names.push_back(one.name);
  }
  throw core::error(errc::invalid_argument,
                    fmt::format("algorithmHyperParameters: {} has no \"{}\"; it has {}", of.name, name,
                                names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "))));
}

double checked(const recipe& of, const hyperparameter& known, const json_value& given) {
  const double value = number_in(of.name, known.name, given);
  if (!(value >= known.least && value <= known.most) || (known.whole && value != std::floor(value))) {
    throw core::error(errc::invalid_argument,
                      fmt::format("algorithmHyperParameters: {} of {} must be {} to {}{}, got {}", known.name, of.name,
                                  known.least, known.most, known.whole ? ", a whole number" : "", value));
  }
  return value;
}

// With what the client says, and AWS's defaults, which DescribeAlgorithm shows, for the rest.
json_value with_hyperparameters(const recipe& of, const json_value& config, json_value parameters,
                                std::string_view family) {
  const json_value* const stated = member_of(config, "algorithmHyperParameters");
  const json_value given = stated == nullptr ? json_value::of_object() : *stated;
  for (const std::string& name : given.names()) {
    const auto known = std::ranges::find(of.hyperparameters, std::string_view(name), &hyperparameter::name);
    // recency_mask: true or false; how a history counts by its age has another form here, see older_weight.
    if (known == of.hyperparameters.end() && name != "recency_mask") {
      refuse_hyperparameter(of, name);
    }
  }
  for (const hyperparameter& one : of.hyperparameters) {
    const json_value* const value_given = member_of(given, one.name);
    const double value = value_given == nullptr ? one.otherwise : checked(of, one, *value_given);
    // hidden_dimension says nothing to EASE.
    if (!one.ours.empty() && (one.ours != "factors" || family == "ials")) {
      const double ours = std::max(value, one.least_of_ours.value_or(value));
      parameters = with(std::move(parameters), one.ours,
                        one.whole ? of_integer(static_cast<std::int64_t>(ours)) : of_real(ours));
    }
  }
  return parameters;
}

// What eventsConfig, eventType and eventValueThreshold say of the events that count. Throws errc::invalid_argument.
json_value weighting_for(const recipe& of, const json_value& config, std::string_view event_type) {
  json_value weights = json_value::of_object();
  json_value least = json_value::of_object();
  const json_value* const events = member_of(config, "eventsConfig");
  const json_value* const list = events == nullptr ? nullptr : member_of(*events, "eventParametersList");
  if (list != nullptr && !event_type.empty()) {
    throw core::error(errc::invalid_argument, "eventType and eventsConfig are two ways to say one thing; give one");
  }
  if (list != nullptr) {
    for (const json_value& one : list->elements()) {
      const auto type = text_of(one, "eventType");
      if (!type) {
        throw core::error(errc::invalid_argument, "eventsConfig.eventParametersList: each needs an eventType");
      }
      weights = with(std::move(weights), *type, of_real(number_of(one, "weight").value_or(1)));
      if (const auto threshold = number_of(one, "eventValueThreshold")) {
        least = with(std::move(least), *type, of_real(*threshold));
      }
    }
  } else {
    const std::string only(event_type.empty() ? of.event_type : event_type);
    if (only.empty()) {
      return json_value();
    }
    weights = with(std::move(weights), only, of_integer(1));
    if (const auto threshold = text_of(config, "eventValueThreshold"); threshold && !threshold->empty()) {
      least = with(std::move(least), only,
                   of_real(number_in(of.name, "eventValueThreshold", *member_of(config, "eventValueThreshold"))));
    }
  }
  json_value how = with(json_value::of_object(), "event_weights", std::move(weights));
  how = with(std::move(how), "other_weight", of_integer(0));
  return with(std::move(how), "minimum_event_values", std::move(least));
}

json_value described(const recipe& one) {
  json_value shown = object_of("name", one.name);
  shown = with(std::move(shown), "recipeArn", one.arn());
  shown = with(std::move(shown), "algorithmArn", fmt::format("arn:aws:personalize:::algorithm/{}", one.name));
  shown = with(std::move(shown), "featureTransformationArn",
               fmt::format("arn:aws:personalize:::feature-transformation/{}", one.name));
  shown = with(std::move(shown), "status", "ACTIVE");
  shown = with(std::move(shown), "recipeType", name_of(one.type));
  shown = with(std::move(shown), "description", one.description);
  shown = with(std::move(shown), "creationDateTime", of_moment(made_at));
  shown = with(std::move(shown), "lastUpdatedDateTime", of_moment(made_at));
  return one.domain.empty() ? shown : with(std::move(shown), "domain", one.domain);
}

const recipe& named_in(std::string_view arn, std::string_view prefix, std::string_view what) {
  if (arn.starts_with(prefix)) {
    for (const recipe& one : recipes()) {
      if (one.name == arn.substr(prefix.size())) {
        return one;
      }
    }
  }
  throw core::error(errc::not_found, fmt::format("{} {} does not exist", what, arn));
}

json_value ranges_of(const recipe& one, bool whole) {
  json_value list = json_value::of_array();
  for (const hyperparameter& each : one.hyperparameters) {
    if (each.whole == whole) {
      json_value range = object_of("name", each.name);
      range = with(std::move(range), "minValue",
                   whole ? of_integer(static_cast<std::int64_t>(each.least)) : of_real(each.least));
      range = with(std::move(range), "maxValue",
                   whole ? of_integer(static_cast<std::int64_t>(each.most)) : of_real(each.most));
      list.append(with(std::move(range), "isTunable", json_value::of_boolean(!each.ours.empty())));
    }
  }
  return list;
}

json_value algorithm_of(const recipe& one) {
  json_value defaults = json_value::of_object();
  for (const hyperparameter& each : one.hyperparameters) {
    defaults = with(std::move(defaults), each.name, fmt::format("{}", each.otherwise));
  }
  json_value ranges = with(json_value::of_object(), "integerHyperParameterRanges", ranges_of(one, true));
  ranges = with(std::move(ranges), "continuousHyperParameterRanges", ranges_of(one, false));
  json_value shown = object_of("name", one.name);
  shown = with(std::move(shown), "algorithmArn", fmt::format("arn:aws:personalize:::algorithm/{}", one.name));
  shown = with(std::move(shown), "defaultHyperParameters", std::move(defaults));
  shown = with(std::move(shown), "defaultHyperParameterRanges", std::move(ranges));
  shown = with(std::move(shown), "trainingInputMode", "File");
  shown = with(std::move(shown), "creationDateTime", of_moment(made_at));
  return with(std::move(shown), "lastUpdatedDateTime", of_moment(made_at));
}

}  // namespace

std::string_view name_of(recipe_type type) noexcept {
  switch (type) {
    case user_personalization: return "USER_PERSONALIZATION";
    case popular_items: return "POPULAR_ITEMS";
    case personalized_ranking: return "PERSONALIZED_RANKING";
    case related_items: return "RELATED_ITEMS";
    case personalized_actions: return "PERSONALIZED_ACTIONS";
    case user_segmentation: break;
  }
  return "USER_SEGMENTATION";
}

std::string recipe::arn() const {
  return fmt::format("{}{}", arn_prefix, name);
}

std::span<const recipe> recipes() {
  return all;
}

const recipe* recipe_with_arn(std::string_view arn) {
  for (const recipe& one : recipes()) {
    if (arn.starts_with(arn_prefix) && arn.substr(arn_prefix.size()) == one.name) {
      return &one;
    }
  }
  return nullptr;
}

const recipe& require_recipe(std::string_view arn) {
  if (const recipe* const found = recipe_with_arn(arn)) {
    return *found;
  }
  throw core::error(errc::not_found, fmt::format("Recipe {} does not exist; ListRecipes has those there are", arn));
}

recommend::candidate candidate_for(const recipe& of, const json_value& config, std::string_view event_type,
                                   const recommend::dataset_description& from, std::uint64_t items) {
  const std::string family(!of.family.empty() ? of.family : items > largest_catalogue_for_ease ? "ials" : "ease");
  json_value parameters = with_hyperparameters(of, config, core::parse_json(of.parameters), family);
  if (finds_trends(of)) {
    parameters = with_trend_windows(std::move(parameters), trend_window_hours(of, config));
  }
  json_value weighting = weighting_for(of, config, event_type);
  if (weighting.type() == json_value::kind::object) {
    parameters = with(std::move(parameters), "weighting", std::move(weighting));
  }
  const learned_columns columns = learned_columns_in(config, event_type, from);
  if (family == "ials") {  // the only one that learns of metadata
    for (const auto& [name, chosen] : {std::pair("item_columns", &columns.items), {"user_columns", &columns.users}}) {
      if (*chosen) {
        parameters = with(std::move(parameters), name, of_texts(**chosen));
      }
    }
  }
  return {family, recommend::family_named(family).complete(core::write_json(parameters))};
}

void add_recipes(aws::json_service& to, const house&) {
  const aws::service_model& model = to.model();
  to.add<json_value, json_value>("DescribeRecipe", readers(), [&model](const json_value& input, const http::request&) {
    return shown_as(
        model, model.find("DescribeRecipe")->output,
        with(json_value::of_object(), "recipe", described(require_recipe(required_text(input, "recipeArn")))));
  });
  to.add<json_value, json_value>("ListRecipes", readers(), [&model](const json_value& input, const http::request&) {
    std::vector<json_value> all;
    const auto domain = text_of(input, "domain");
    for (const recipe& one : recipes()) {
      if (!domain || one.domain == *domain) {
        all.push_back(described(one));
      }
    }
    return shown_as(model, model.find("ListRecipes")->output, page_of(input, "recipes", all));
  });
  to.add<json_value, json_value>("DescribeAlgorithm", readers(), [](const json_value& input, const http::request&) {
    const recipe& one = named_in(required_text(input, "algorithmArn"), "arn:aws:personalize:::algorithm/", "Algorithm");
    return with(json_value::of_object(), "algorithm", algorithm_of(one));
  });
  to.add<json_value, json_value>(
      "DescribeFeatureTransformation", readers(), [](const json_value& input, const http::request&) {
        const std::string arn = required_text(input, "featureTransformationArn");
        const recipe& one = named_in(arn, "arn:aws:personalize:::feature-transformation/", "Feature transformation");
        json_value shown = with(object_of("name", one.name), "featureTransformationArn", arn);
        shown = with(std::move(shown), "defaultParameters", json_value::of_object());
        shown = with(std::move(shown), "status", "ACTIVE");
        shown = with(std::move(shown), "creationDateTime", of_moment(made_at));
        return with(json_value::of_object(), "featureTransformation",
                    with(std::move(shown), "lastUpdatedDateTime", of_moment(made_at)));
      });
}

}  // namespace eunomia::wire::personalize
