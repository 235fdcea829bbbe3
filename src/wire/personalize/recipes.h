#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/json_value.h"
#include "recommend/dataset.h"
#include "recommend/selection.h"

// The recipes of Personalize, each with the family of ours that does what it is for (docs/personalize.md compares
// them).
namespace eunomia::wire::personalize {

enum class recipe_type {
  user_personalization,
  popular_items,
  personalized_ranking,
  related_items,
  personalized_actions,
  user_segmentation
};
std::string_view name_of(recipe_type type) noexcept;  // "USER_PERSONALIZATION"

// A hyperparameter that AWS lets clients set, and what it does here.
struct hyperparameter {
  std::string_view name;  // "hidden_dimension"
  double least = 0;
  double most = 0;
  double otherwise = 0;  // AWS's default
  bool whole = false;
  std::string_view ours = {};  // the parameter of the family that it becomes; empty: it is checked, and has no meaning
  std::optional<double> least_of_ours = std::nullopt;  // where ours begins higher: what is less becomes this
};

struct recipe {
  std::string_view name;  // "aws-sims"
  recipe_type type = recipe_type::user_personalization;
  std::string_view domain = {};      // "ECOMMERCE", "VIDEO_ON_DEMAND"; empty: of custom dataset groups
  std::string_view family = {};      // empty: chosen by the size of the catalogue, see candidate_for
  std::string_view parameters = {};  // JSON, of the family, beside what hyperparameters say
  std::string_view event_type = {};  // of a domain's use case: only events of this type count
  std::string_view description;      // to which of our algorithms it maps, and how that compares
  std::span<const hyperparameter> hyperparameters = {};
  bool explores = false;  // campaigns show new items
  bool of_actions = false;

  std::string arn() const;
};

std::span<const recipe> recipes();
// Null for an ARN of none.
const recipe* recipe_with_arn(std::string_view arn);
// Throws errc::not_found.
const recipe& require_recipe(std::string_view arn);

// From this many items on, what would be learned by EASE is learned by iALS: the square of the catalogue outgrows the
// memory of a small server.
inline constexpr std::uint64_t largest_catalogue_for_ease = 20'000;

// What a solution of this recipe is to learn, by its solutionConfig (an object, may be empty) and eventType, from a
// dataset with these columns and so many items. Throws errc::invalid_argument for a hyperparameter that the recipe does
// not have, or out of its range, for events whose configuration cannot be, and as learned_columns_in().
recommend::candidate candidate_for(const recipe& of, const core::json_value& solution_config,
                                   std::string_view event_type, const recommend::dataset_description& from,
                                   std::uint64_t items);

}  // namespace eunomia::wire::personalize
