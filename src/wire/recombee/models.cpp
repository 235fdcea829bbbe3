#include "wire/recombee/models.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "core/log.h"
#include "core/seal.h"
#include "core/time.h"
#include "wire/http/text.h"
#include "wire/recombee/interactions.h"
#include "wire/recombee/parameters.h"

namespace eunomia::wire::recombee {

namespace {

using core::errc;

constexpr std::string_view default_id = "default";
constexpr std::uint32_t kept_versions = 2;

// What somebody did counts by how sure it is that they want the item. Ratings below 0 speak for nothing.
constexpr std::string_view event_weights =
    R"({"event_weights": {"purchase": 1, "cart-addition": 0.8, "bookmark": 0.8, "rating": 0.8, "view-portion": 0.5, )"
    R"("detail-view": 0.4, "rating-below-0": 0}})";

recommend::candidate candidate_for(std::uint64_t items) {
  return {items <= models::most_items_for_ease ? "ease" : "ials", fmt::format(R"({{"weighting": {}}})", event_weights)};
}

std::string lower(std::string_view text) {
  std::string made;
  for (const char c : text) {
    made += http::lower(c);
  }
  return made;
}

}  // namespace

std::string models::make(const std::string& database) {
  const auto all = recommenders_.list();
  const auto is_there = [&](const std::string& name) {
    return std::ranges::find(all, name, &recommend::recommender_record::name) != all.end();
  };
  if (const auto found = made_.find(database, definition_kind::recommender, "", default_id)) {
    if (std::string name = parameters(found->body).required_text("name"); is_there(name)) {
      return name;
    }
    // Somebody removed it by another protocol.
  }
  constexpr std::size_t longest_stem = 46;
  recommend::recommender_record wanted;
  wanted.name = fmt::format("recombee-{}", lower(database).substr(0, longest_stem));
  wanted.dataset = database;
  wanted.what = candidate_for(0);
  wanted.keep_versions = kept_versions;
  if (is_there(wanted.name)) {
    wanted.name = fmt::format("{}-{:08x}", wanted.name, core::random_number() & 0xffffffffU);
  }
  recommenders_.create(wanted);
  definition of_ours{definition_kind::recommender, "", std::string(default_id)};
  of_ours.body.append("name", of_text(wanted.name));
  made_.put(database, of_ours);
  return wanted.name;
}

void models::begin(const std::string& database) {
  const std::lock_guard lock(mutex_);
  if (known& one = known_[database]; one.recommender.empty()) {
    one.recommender = make(database);
  }
}

recommend::asked_model models::for_scenario(const std::string& database, const std::string& scenario) {
  const std::lock_guard lock(mutex_);
  known& one = known_[database];
  const std::int64_t now = core::now_ms();
  if (one.recommender.empty() || now - one.at > cached_for_ms) {
    if (one.at == 0) {
      for (const definition& listed : made_.list(database, definition_kind::scenario)) {
        one.scenarios.insert(listed.id);
      }
    }
    one.recommender = make(database);
    one.deployments.clear();
    for (const auto& deployed : recommenders_.deployments(one.recommender)) {
      one.deployments.insert(deployed.name);
    }
    one.at = now;
  }
  if (!scenario.empty() && one.scenarios.size() < max_scenarios && one.scenarios.insert(scenario).second) {
    made_.put(database, {definition_kind::scenario, "", scenario});
  }
  return {one.recommender, one.deployments.contains(scenario) ? std::string_view(scenario) : std::string_view()};
}

void models::remove(const std::string& database) {
  const std::lock_guard lock(mutex_);
  known_.erase(database);
  if (const auto found = made_.find(database, definition_kind::recommender, "", default_id)) {
    try {
      recommenders_.remove(parameters(found->body).required_text("name"));
    } catch (const core::error& problem) {
      if (problem.code() != errc::not_found) {
        throw;
      }
    }
    made_.remove(database, definition_kind::recommender, "", default_id);
  }
}

void models::train_if_due(const std::string& database, const std::string& recommender, std::int64_t now) {
  auto record = recommenders_.find(recommender);
  if (record.failed_at != 0 && now - record.failed_at < pause_after_failure_ms) {
    return;
  }
  const auto there = datasets_.open(database).statistics();
  const auto versions = recommenders_.versions(recommender);
  const std::uint64_t learned = versions.empty() ? 0 : versions.front().events;
  const auto grown = static_cast<double>(learned) * (1 + growth);
  const bool old = !versions.empty() && there.interactions != learned &&
                   now - versions.front().trained_at > core::milliseconds_per_day;
  const bool due = there.interactions > 0 &&
                   (versions.empty() || there.interactions < learned ||
                    (there.interactions > learned && static_cast<double>(there.interactions) >= grown) || old);
  if (!due) {
    return;
  }
  if (const auto wanted = candidate_for(there.items); record.what.family != wanted.family) {
    record.what = wanted;
    recommenders_.update(record);
  }
  background_.train(recommender);
}

void models::look(std::int64_t now) {
  for (const std::string& database : made_.databases_with(definition_kind::recommender)) {
    try {
      if (const auto found = made_.find(database, definition_kind::recommender, "", default_id)) {
        train_if_due(database, parameters(found->body).required_text("name"), now);
      }
    } catch (const core::error& problem) {
      // Its training is under way, or the dataset or recommender was removed by somebody else.
      if (problem.code() != errc::failed_precondition && problem.code() != errc::not_found) {
        core::log::warning("a database of Recombee's was not looked at",
                           {{"database", database}, {"why", problem.kept_message()}});
      }
    }
  }
}

}  // namespace eunomia::wire::recombee
