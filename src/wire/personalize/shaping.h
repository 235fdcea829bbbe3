#pragma once

#include "recommend/answering.h"
#include "wire/personalize/house.h"
#include "wire/personalize/recipes.h"
#include "wire/personalize/resources.h"

// What a list is beside relevant, as clients of Personalize say it: with a solution (optimizationObjective), a campaign
// or a batch (rankingInfluence, itemExplorationConfig) and a question (context).
namespace eunomia::wire::personalize {

// Throws errc::invalid_argument for an optimizationObjective that a solution of the recipe cannot have, or whose
// itemAttribute is no column of numbers.
void check_objective(const recipe& of, const core::json_value& solution_config,
                     const recommend::dataset_description& from);
// The same for the members of a campaignConfig, recommenderConfig or batchInferenceJobConfig: FRESHNESS without a
// column that it could go by, and texts of itemExplorationConfig that are no numbers. config: may be null.
void check_answer_config(const core::json_value* config, const recommend::dataset_description& from);

// How a question is answered. config: of what is asked, may be null; input: the question, or a line of a batch.
//
// In the map "context", what AWS has no member for: eunomia_diversity, eunomia_rotation_rate and eunomia_rotation_time,
// numbers as text. Throws errc::invalid_argument for other text there, and for other names that begin with "eunomia_".
// What else is in it are circumstances, by columns of interactions.
recommend::shaping shaping_for(const core::json_value* config, const resource& solution, const core::json_value& input);

// Has a question show new items, so many and so new as config says. otherwise: their share where it does not.
void set_exploration(const house& in, const core::json_value* config, double otherwise,
                     const recommend::asked_model& model, recommend::question& what);

}  // namespace eunomia::wire::personalize
