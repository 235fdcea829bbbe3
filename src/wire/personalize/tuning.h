#pragma once

#include "core/job.h"
#include "core/json_value.h"
#include "recommend/dataset.h"
#include "recommend/selection.h"
#include "wire/personalize/house.h"
#include "wire/personalize/recipes.h"

// performHPO: the parameters of a solution's family are chosen by how well they predict held-out people.
namespace eunomia::wire::personalize {

// Throws errc::invalid_argument for an hpoConfig that names a hyperparameter which the recipe does not have, or a range
// or value that is out of its range, or more than 40 trainings.
void check_tuning(const recipe& of, const core::json_value& solution_config);

// What is tried, the base first: every neighbour of the family's defaults that `auto` knows (recommend/selection.h),
// and with each the least, the middle and the greatest of every hyperparameter that has a meaning in this family, in
// the range of hpoConfig or else the recipe's. At most maxNumberOfTrainingJobs of hpoConfig, 40 unless it says less: of
// more, the base and some of the others by chance, the same each time.
std::vector<recommend::candidate> tuning_candidates(const recipe& of, const core::json_value& solution_config,
                                                    const recommend::candidate& base);

struct tuned {
  recommend::candidate what;
  // tunedHPOParams: AWS's names of what has one, and our own parameters that differ from the base, as text.
  core::json_value shown;
};
// Throws as recommend::select_model and dataset::load_interactions do.
tuned tune(const house& in, const recipe& of, const core::json_value& solution_config, const recommend::candidate& base,
           const recommend::dataset& from, core::job& job);

}  // namespace eunomia::wire::personalize
