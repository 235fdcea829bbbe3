// Models that came from elsewhere as solution versions, so that campaigns answer with them.
#include <fmt/format.h>

#include <set>

#include "core/error.h"
#include "recommend/imported.h"
#include "wire/personalize/json_members.h"
#include "wire/personalize/solutions.h"

namespace eunomia::wire::personalize {

namespace {

using core::json_value;

constexpr auto kind = resource_kind::solution_version;
constexpr std::string_view version_member = "version";

// Beside the names of versions that are trained, which are random digits.
std::string arn_of(const house& in, const resource& solution, std::int64_t version) {
  return in.arns.arn_of(kind, fmt::format("{}/imported-{}", solution.name, version));
}

void adopt(const house& in, const resource& solution, const recommend::model_record& version) {
  resource made;
  made.kind = kind;
  made.arn = arn_of(in, solution, version.version);
  made.name = fmt::format("imported-{}", version.version);
  made.parent = solution.arn;
  made.status = "ACTIVE";
  made.shown = with(solution.shown, "name", made.name);
  made.shown = with(made.shown, "solutionArn", solution.arn);
  made.shown = with(made.shown, "trainingMode", "FULL");
  made.shown = with(made.shown, "trainingType", "MANUAL");
  made.ours = with(json_value::of_object(), version_member, of_integer(version.version));
  // Nobody here knows whom it was trained on, and so nobody can be held out to judge it.
  made.ours = with(made.ours, "metrics", json_value::of_object());
  try {
    in.known.change([&](store::sql::transaction& change) { resources::add(change, made); });
  } catch (const core::error& problem) {
    // Another thread was first, or the solution is being deleted.
    if (problem.code() != core::errc::already_exists && problem.code() != core::errc::failed_precondition) {
      throw;
    }
  }
}

}  // namespace

void adopt_imported_versions(const house& in) {
  std::string token;
  do {
    const resource_page page = in.made.list(resource_kind::solution, std::nullopt, max_page, token);
    for (const resource& solution : page.items) {
      for (const recommend::model_record& version : in.recommenders.versions(recommender_of(solution))) {
        if (version.family == recommend::imported_family_name &&
            !in.made.find_if_there(arn_of(in, solution, version.version))) {
          adopt(in, solution, version);
        }
      }
    }
    token = page.next_token;
  } while (!token.empty());
}

}  // namespace eunomia::wire::personalize
