#include "wire/personalize/shaping.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "core/error.h"
#include "core/seal.h"
#include "recommend/import_reader.h"
#include "wire/personalize/json_members.h"

namespace eunomia::wire::personalize {

namespace {

using core::errc;
using core::json_value;
using recommend::answering;

constexpr std::string_view our_context = "eunomia_";
constexpr double most_exploration_days = 36'500;
constexpr double default_exploration_days = 30;

// AWS does not say what its levels are worth; these are shares of the order.
struct sensitivity {
  std::string_view name;
  double influence;
};
constexpr sensitivity sensitivities[] = {{"OFF", 0}, {"LOW", 0.2}, {"MEDIUM", 0.5}, {"HIGH", 0.8}};
constexpr std::string_view default_sensitivity = "MEDIUM";

const recommend::metadata_column* column_of(const recommend::dataset_description& of, std::string_view name) {
  const auto found = std::ranges::find(of.items, recommend::upper(name), &recommend::metadata_column::name);
  return found == of.items.end() ? nullptr : &*found;
}

std::optional<double> read_number(std::string_view text) {
  double value = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  return fault == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

void check_exploration(const json_value& exploration) {
  for (std::size_t i = 0; i < exploration.names().size(); ++i) {
    const std::string& name = exploration.names()[i];
    const std::string& text = exploration.elements()[i].text();
    const double most = name == "explorationWeight" ? 1 : most_exploration_days;
    const double value = read_number(text).value_or(-1);
    if ((name != "explorationWeight" && name != "explorationItemAgeCutOff") || !(value >= 0 && value <= most)) {
      throw core::error(errc::invalid_argument,
                        fmt::format("itemExplorationConfig: \"{}\": \"{}\"; explorationWeight is 0 to 1, "
                                    "explorationItemAgeCutOff a number of days up to {}",
                                    name, text, most_exploration_days));
    }
  }
}

// The member of a map in a config; 0 where there is none of either.
double influence_of(const json_value* config, std::string_view name) {
  const json_value* const map = config == nullptr ? nullptr : member_of(*config, "rankingInfluence");
  return map == nullptr ? 0 : number_of(*map, name).value_or(0);
}

double influence_of(const json_value& objective) {
  const std::string level = text_of(objective, "objectiveSensitivity").value_or(std::string(default_sensitivity));
  return std::ranges::find(sensitivities, level, &sensitivity::name)->influence;  // the service model knows no other
}

const json_value* objective_in(const json_value* solution_config) {
  return solution_config == nullptr ? nullptr : member_of(*solution_config, "optimizationObjective");
}

recommend::emphasis emphasis_for(const json_value* config, const resource& solution) {
  recommend::emphasis by;
  by.popularity = influence_of(config, "POPULARITY");
  by.freshness = influence_of(config, "FRESHNESS");
  if (const json_value* const objective = objective_in(member_of(solution.shown, "solutionConfig"))) {
    by.column = text_of(*objective, "itemAttribute").value_or("");
    by.of_column = by.column.empty() ? 0 : influence_of(*objective);
  }
  return by;
}

double number_in_context(std::string_view name, const std::string& text) {
  const auto value = read_number(text);
  if (!value) {
    throw core::error(errc::invalid_argument, fmt::format("context.{}: must be a number as text", name));
  }
  return *value;
}

void read_context(const json_value& context, recommend::shaping& how) {
  for (std::size_t i = 0; i < context.names().size(); ++i) {
    const std::string& name = context.names()[i];
    const json_value& value = context.elements()[i];
    if (!name.starts_with(our_context)) {
      if (value.type() == json_value::kind::string) {  // of a batch's line, nobody has looked yet
        how.context.emplace(name, value.text());
      }
    } else if (name == "eunomia_diversity") {
      how.diversity = number_in_context(name, value.text());
    } else if (name == "eunomia_rotation_rate") {
      how.rotate.rate = number_in_context(name, value.text());
    } else if (name == "eunomia_rotation_time") {
      how.rotate.seconds = number_in_context(name, value.text());
    } else {
      throw core::error(errc::invalid_argument,
                        fmt::format("context.{}: eunomia_diversity, eunomia_rotation_rate and eunomia_rotation_time "
                                    "have a meaning",
                                    name));
    }
  }
}

}  // namespace

void check_objective(const recipe& of, const json_value& solution_config, const recommend::dataset_description& from) {
  const json_value* const objective = objective_in(&solution_config);
  if (objective == nullptr) {
    return;
  }
  if (of.type != recipe_type::user_personalization && of.type != recipe_type::personalized_ranking) {
    throw core::error(errc::invalid_argument,
                      fmt::format("optimizationObjective: {} is a recipe of type {}; those of USER_PERSONALIZATION and "
                                  "PERSONALIZED_RANKING can have an objective",
                                  of.name, name_of(of.type)));
  }
  const auto name = text_of(*objective, "itemAttribute");
  if (!name) {
    throw core::error(errc::invalid_argument, "optimizationObjective.itemAttribute: is missing");
  }
  const recommend::metadata_column* const column = column_of(from, *name);
  if (column == nullptr ||
      (column->type != recommend::metadata_type::number && column->type != recommend::metadata_type::integer)) {
    throw core::error(
        errc::invalid_argument,
        fmt::format("optimizationObjective.itemAttribute: {} is no column of numbers in the Items dataset", *name));
  }
}

void check_answer_config(const json_value* config, const recommend::dataset_description& from) {
  if (config == nullptr) {
    return;
  }
  if (const json_value* const exploration = member_of(*config, "itemExplorationConfig")) {
    check_exploration(*exploration);
  }
  if (influence_of(config, "FRESHNESS") > 0 && column_of(from, answering::creation_column) == nullptr) {
    throw core::error(errc::invalid_argument,
                      fmt::format("rankingInfluence: FRESHNESS goes by {}, which the Items dataset does not have: give "
                                  "its schema that column, or leave FRESHNESS out",
                                  answering::creation_column));
  }
}

recommend::shaping shaping_for(const json_value* config, const resource& solution, const json_value& input) {
  recommend::shaping how;
  how.by = emphasis_for(config, solution);
  const json_value* const context = member_of(input, "context");
  if (context != nullptr && context->type() == json_value::kind::object) {
    read_context(*context, how);
  }
  return how;
}

void set_exploration(const house& in, const json_value* config, double otherwise, const recommend::asked_model& model,
                     recommend::question& what) {
  const json_value* const exploration = config == nullptr ? nullptr : member_of(*config, "itemExplorationConfig");
  const auto number = [&](std::string_view name, double unless) {
    const auto text = exploration == nullptr ? std::nullopt : text_of(*exploration, name);
    return text ? read_number(*text).value_or(unless) : unless;
  };
  what.explore = number("explorationWeight", otherwise);
  if (what.explore > 0 && in.answering.knows_column(model, answering::creation_column)) {
    what.explore_days = number("explorationItemAgeCutOff", default_exploration_days);
  }
  what.seed = core::random_number();
}

}  // namespace eunomia::wire::personalize
