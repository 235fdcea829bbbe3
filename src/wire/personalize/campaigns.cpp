// Campaigns: a solution version that answers, as a deployment of the solution's recommender.
#include <fmt/format.h>

#include "core/error.h"
#include "core/log.h"
#include "core/time.h"
#include "wire/personalize/deletions.h"
#include "wire/personalize/descriptions.h"
#include "wire/personalize/json_members.h"
#include "wire/personalize/operations.h"
#include "wire/personalize/shaping.h"
#include "wire/personalize/solutions.h"

namespace eunomia::wire::personalize {

namespace {

using core::errc;
using core::json_value;
namespace sql = store::sql;

constexpr auto kind = resource_kind::campaign;
constexpr std::string_view newest_suffix = "/$LATEST";

// What a campaign is to answer with.
struct target {
  resource solution;
  resource version;
};

// arn: of a solution version, or <solutionArn>/$LATEST.
target target_of(const house& in, const std::string& arn) {
  if (arn.ends_with(newest_suffix)) {
    resource solution = in.made.find(resource_kind::solution, arn.substr(0, arn.size() - newest_suffix.size()));
    auto newest = newest_trained(in, solution);
    if (!newest) {
      throw core::error(errc::failed_precondition, fmt::format("Solution {} has no ACTIVE version yet", solution.arn));
    }
    return {std::move(solution), *std::move(newest)};
  }
  resource version = in.made.find(resource_kind::solution_version, arn);
  resource solution = in.made.find(resource_kind::solution, version.parent);
  return {std::move(solution), std::move(version)};
}

bool follows(const resource& campaign) {
  const json_value* const config = member_of(campaign.shown, "campaignConfig");
  return config != nullptr && flag_of(*config, "syncWithLatestSolutionVersion").value_or(false);
}

void check_config(const house& in, const json_value& input, const resource& solution) {
  check_answer_config(member_of(input, "campaignConfig"),
                      in.datasets.open(in.recommenders.find(recommender_of(solution)).dataset).description());
}

void deploy(const house& in, const target& to, const std::string& campaign) {
  if (const recipe* const of = recipe_of(to.solution); of != nullptr && of->type == recipe_type::user_segmentation) {
    throw core::error(errc::invalid_argument,
                      fmt::format("{} makes segments in batches, and answers no campaign", of->name));
  }
  core::job quiet;
  in.recommenders.deploy(recommender_of(to.solution), campaign, version_of(in, to.version),
                         in.background.context(quiet));
}

json_value create(const house& in, const json_value& input) {
  const std::string asked = required_text(input, "solutionVersionArn");
  const target to = target_of(in, asked);
  check_config(in, input, to.solution);
  resource made = resource_asked_for(in, kind, input, to.solution.arn);
  made.shown = with(made.shown, "solutionVersionArn", to.version.arn);
  const std::lock_guard nobody_else_makes(in.making);
  refuse_taken(in, made);
  if (follows(made) && !asked.ends_with(newest_suffix)) {
    throw core::error(errc::invalid_argument,
                      fmt::format("syncWithLatestSolutionVersion wants a solutionVersionArn of {}{}", to.solution.arn,
                                  newest_suffix));
  }
  tags_in(input);  // too many are refused before anything answers
  deploy(in, to, made.name);
  return make(in, made, input);
}

json_value update(const house& in, const json_value& input) {
  const std::lock_guard nobody_else_makes(in.making);
  resource one = in.made.find(kind, required_text(input, "campaignArn"));
  check_config(in, input, in.made.find(resource_kind::solution, one.parent));
  json_value latest = json_value::of_object();
  for (const char* const name : {"minProvisionedTPS", "campaignConfig"}) {
    if (const json_value* const changed = member_of(input, name)) {
      one.shown = with(one.shown, name, *changed);
      latest = with(std::move(latest), name, *changed);
    }
  }
  if (const auto version = text_of(input, "solutionVersionArn")) {
    const target to = target_of(in, *version);
    if (to.solution.arn != one.parent) {
      throw core::error(
          errc::invalid_argument,
          fmt::format("{} is a version of another solution than the campaign's, {}", *version, one.parent));
    }
    deploy(in, to, one.name);
    one.shown = with(one.shown, "solutionVersionArn", to.version.arn);
  }
  latest = with(std::move(latest), "solutionVersionArn", required_text(one.shown, "solutionVersionArn"));
  latest = with(std::move(latest), "status", "ACTIVE");
  latest = with(std::move(latest), "creationDateTime", of_moment(core::now_ms()));
  latest = with(std::move(latest), "lastUpdatedDateTime", of_moment(core::now_ms()));
  one.shown = with(one.shown, "latestCampaignUpdate", std::move(latest));
  in.known.change([&](sql::transaction& change) { resources::update(change, one); });
  return arn_answer(kind, one.arn);
}

void withdraw(const house& in, const resource& one) {
  const resource solution = in.made.find(resource_kind::solution, one.parent);
  in.recommenders.withdraw(recommender_of(solution), one.name);
  in.answering.drop_replaced();
}

}  // namespace

void deploy_to_followers(const house& in, const resource& solution, const resource& version, core::job& job) {
  const auto number = static_cast<std::int64_t>(number_of(version.ours, "version").value_or(0));
  std::string token;
  do {
    const resource_page page = in.made.list(kind, solution.arn, max_page, token);
    for (const resource& listed : page.items) {
      const std::lock_guard nobody_else_makes(in.making);
      auto found = in.made.find_if_there(listed.arn);
      if (!found || found->status == deletion_in_progress || !follows(*found)) {
        continue;
      }
      resource& one = *found;
      in.recommenders.deploy(recommender_of(solution), one.name, number, in.background.context(job));
      one.shown = with(one.shown, "solutionVersionArn", version.arn);
      in.known.change([&](sql::transaction& change) { resources::update(change, one); });
    }
    token = page.next_token;
  } while (!token.empty());
}

void add_campaigns(aws::json_service& to, const house& in) {
  in.leaving.add(kind, {}, [in](const resource& one) { withdraw(in, one); });
  to.add<json_value, json_value>("CreateCampaign", builders(),
                                 [in](const json_value& input, const http::request&) { return create(in, input); });
  to.add<json_value, json_value>("UpdateCampaign", builders(),
                                 [in](const json_value& input, const http::request&) { return update(in, input); });
  to.add<json_value, json_value>("DeleteCampaign", builders(), [in](const json_value& input, const http::request&) {
    in.leaving.carry_out(in.made.find(kind, required_text(input, "campaignArn")));
    return nothing_to_say();
  });
  add_views(to, in, kind);
}

}  // namespace eunomia::wire::personalize
