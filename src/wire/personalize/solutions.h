#pragma once

#include <string>

#include "wire/personalize/house.h"
#include "wire/personalize/recipes.h"

// A solution is a recommender of ours, a solution version one of its trained versions.
namespace eunomia::wire::personalize {

// Of a solution, or of a recommender of a domain.
std::string recommender_of(const resource& solution);
// Null where AutoML chooses.
const recipe* recipe_of(const resource& solution);
// The number of a solution version that is trained, or of what it was renewed to. Throws errc::failed_precondition for
// one that is not trained, or of which nothing is kept.
std::int64_t version_of(const house& in, const resource& solution_version);

// With all its versions. Throws errc::not_found.
void remove_recommender(const house& in, const resource& of);

// The figures of GetSolutionMetrics, of a model that is trained on nine people of ten. Empty where nobody is left to
// judge by.
core::json_value metrics_of(const house& in, const recommend::dataset& from, const recommend::candidate& what,
                            core::job& job);

// A name for a recommender of ours that is not taken, like the client's.
std::string free_recommender_name(const house& in, const std::string& wanted);

// The newest version of a solution that is trained; nothing when none is.
std::optional<resource> newest_trained(const house& in, const resource& solution);

// Begins a version: MANUAL or AUTOMATIC. Returns its ARN.
std::string begin_version(const house& in, const resource& solution, std::string_view training_mode,
                          std::string_view training_type, const std::vector<tag>& tags);

// Versions of a solution's recommender that came from elsewhere, by our own API, and are no solution version yet become
// one, ACTIVE.
void adopt_imported_versions(const house& in);

// Begins the versions that solutions with automatic training are due for.
void train_what_is_due(const house& in, std::int64_t now);

// Campaigns that follow the newest version of the solution answer with this one from now on.
void deploy_to_followers(const house& in, const resource& solution, const resource& version, core::job& job);

}  // namespace eunomia::wire::personalize
