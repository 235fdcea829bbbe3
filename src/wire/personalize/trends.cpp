#include "wire/personalize/trends.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "core/attempt.h"
#include "core/error.h"
#include "wire/personalize/json_members.h"
#include "wire/personalize/solutions.h"

namespace eunomia::wire::personalize {

namespace {

using core::errc;
using core::json_value;

constexpr std::string_view frequency_member = "trend_discovery_frequency";
constexpr std::array<std::pair<std::string_view, double>, 5> frequencies = {
    {{"30 minutes", 0.5}, {"1 hour", 1}, {"2 hours", 2}, {"3 hours", 3}, {"1 day", 24}}};
constexpr double usual_hours = 2;
constexpr double hours_per_day = 24;
constexpr double ms_per_hour = 3'600'000;
constexpr double windows_of_baseline = 12;

void renew(const house& in, const resource& solution, const resource& campaign, std::int64_t now) {
  const std::string recommender = recommender_of(solution);
  const std::int64_t version = in.recommenders.deployment(recommender, campaign.name).version;
  const auto kept = in.recommenders.versions(recommender);
  const auto answers = std::ranges::find(kept, version, &recommend::model_record::version);
  if (answers == kept.end() || answers->family != recipe_of(solution)->family) {
    return;  // the campaign is being removed; or the version came from elsewhere
  }
  const resource trained =
      in.made.find(resource_kind::solution_version, required_text(campaign.shown, "solutionVersionArn"));
  const json_value* const config = member_of(trained.shown, "solutionConfig");
  const double hours = trend_window_hours(*recipe_of(solution), config == nullptr ? json_value::of_object() : *config);
  if (static_cast<double>(now - answers->trained_at) >= hours * ms_per_hour &&
      in.datasets.open(answers->dataset).statistics().interactions != answers->events) {
    in.background.renew(recommender, version);
  }
}

template <class Do>
void each(const house& in, resource_kind kind, const std::optional<std::string>& parent, Do what) {
  std::string token;
  do {
    const resource_page page = in.made.list(kind, parent, max_page, token);
    for (const resource& one : page.items) {
      what(one);
    }
    token = page.next_token;
  } while (!token.empty());
}

}  // namespace

bool finds_trends(const recipe& of) {
  return of.family == "trending";
}

double trend_window_hours(const recipe& of, const json_value& solution_config) {
  const json_value* const given = member_of(solution_config, "featureTransformationParameters");
  if (given == nullptr) {
    return usual_hours;
  }
  for (const std::string& name : given->names()) {
    if (name != frequency_member) {
      throw core::error(
          errc::invalid_argument,
          fmt::format("featureTransformationParameters: {} has no \"{}\"; it has {}", of.name, name, frequency_member));
    }
  }
  const auto text = text_of(*given, frequency_member);
  if (!text) {
    return usual_hours;
  }
  std::string known;
  for (const auto& [name, hours] : frequencies) {
    if (*text == name) {
      return hours;
    }
    known += fmt::format("{}\"{}\"", known.empty() ? "" : ", ", name);
  }
  throw core::error(
      errc::invalid_argument,
      fmt::format("featureTransformationParameters: {} must be one of {}, got \"{}\"", frequency_member, known, *text));
}

json_value with_trend_windows(json_value parameters, double hours) {
  parameters = with(std::move(parameters), "period_hours", of_real(hours));
  parameters = with(std::move(parameters), "half_life_days", of_real(hours / hours_per_day));
  return with(std::move(parameters), "baseline_half_life_days", of_real(windows_of_baseline * hours / hours_per_day));
}

void renew_trends(const house& in, std::int64_t now) {
  each(in, resource_kind::solution, std::nullopt, [&](const resource& solution) {
    if (const recipe* const of = recipe_of(solution); of != nullptr && finds_trends(*of)) {
      each(in, resource_kind::campaign, solution.arn,
           [&](const resource& campaign) { core::attempt(campaign.arn, [&] { renew(in, solution, campaign, now); }); });
    }
  });
}

}  // namespace eunomia::wire::personalize
