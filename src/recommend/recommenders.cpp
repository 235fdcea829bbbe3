#include "recommend/recommenders.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>

#include "core/error.h"
#include "core/log.h"
#include "core/subject_handles.h"
#include "core/time.h"
#include "recommend/family.h"
#include "recommend/recommenders_slot.h"
#include "recommend/training.h"

namespace eunomia::recommend {

namespace {

using core::errc;
using core::error;
using core::subject_handle;
namespace sql = store::sql;

// A training that failed is not tried again by itself before this time has passed.
constexpr std::int64_t pause_after_failure_ms = std::int64_t{10} * 60 * 1000;
constexpr double milliseconds_per_hour = 3'600'000;

constexpr std::string_view version_1 = R"(
CREATE TABLE recommender (
  name {text} PRIMARY KEY,
  dataset {text} NOT NULL,
  family {text} NOT NULL,
  parameters {text} NOT NULL,
  every_hours DOUBLE PRECISION NOT NULL,
  after_events BIGINT NOT NULL,
  keep_versions BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  failed_at BIGINT NOT NULL,
  failure {text} NOT NULL
);
INSERT INTO recommender (name, dataset, family, parameters, every_hours, after_events, keep_versions, created_at,
  failed_at, failure)
  SELECT name, dataset, family, parameters, 0, 0, 2, trained_at, 0, '' FROM recommend_model_version WHERE serving = 1
)";

// Of a model that came without rows nobody can say: none.
item_set items_without_interactions(const model& trained) {
  item_set fresh(trained.current()->items().size());
  const auto people = trained.people_by_item();
  for (item_position item = 0; people != nullptr && item < people->size(); ++item) {
    if ((*people)[item] == 0) {
      fresh.insert(item);
    }
  }
  return fresh;
}

sql::database& migrated(sql::database& database) {
  static constexpr std::array<sql::migration, 2> steps = {{
      {"recommenders", 1, version_1},
      {"recommenders", 2, "ALTER TABLE recommender ADD COLUMN serve_newest BIGINT NOT NULL DEFAULT 1"},
  }};
  database.migrate(steps);
  return database;
}

}  // namespace

served_model::served_model(model_record record, std::shared_ptr<model> answers)
    : record_(std::move(record)),
      model_(std::move(answers)),
      how_(weighting_of(*model_)),
      new_items_(items_without_interactions(*model_)) {}

recommenders::recommenders(sql::database& sql, datasets& data, model_registry& models)
    : sql_(migrated(sql)), data_(data), models_(models) {
  for (const auto& version : models_.all()) {
    if (!version.exact) {
      note_inexact();
    }
  }
}

recommenders::~recommenders() = default;

recommender_record recommenders::create(recommender_record wanted) {
  check_definition(wanted);
  data_.open(wanted.dataset);
  return sql_.write([&](sql::transaction& in) { return create(in, wanted); });
}

recommender_record recommenders::create(sql::transaction& in, recommender_record wanted) {
  check_definition(wanted);
  wanted.created_at = core::now_ms();
  wanted.failed_at = 0;
  wanted.failure.clear();
  insert_definition(in, wanted);
  return wanted;
}

recommender_record recommenders::update(recommender_record wanted) {
  check_definition(wanted);
  return sql_.write([&](sql::transaction& in) { return update_definition(in, wanted); });
}

recommender_record recommenders::find(std::string_view name) const {
  return sql_.read([&](sql::connection& in) { return find_definition(in, name); });
}

std::vector<recommender_record> recommenders::list() const {
  return sql_.read([](sql::connection& in) { return list_definitions(in); });
}

void recommenders::remove(std::string_view name) {
  const auto record = find(name);
  const auto held = slot_of(record.name);
  const std::lock_guard changing(held->changing);
  models_.remove(record.name, [&](sql::transaction& in) { delete_definition(in, record.name); });
  held->published.publish(nullptr);
  const std::lock_guard lock(mutex_);
  slots_.erase(record.name);
}

std::shared_ptr<recommenders::slot> recommenders::slot_of(std::string_view name) {
  const std::lock_guard lock(mutex_);
  const auto found = slots_.find(name);
  return found != slots_.end() ? found->second : slots_.emplace(name, std::make_shared<slot>()).first->second;
}

std::shared_ptr<recommenders::slot> recommenders::slot_if_any(std::string_view name) const {
  const std::lock_guard lock(mutex_);
  const auto found = slots_.find(name);
  return found != slots_.end() ? found->second : nullptr;
}

std::vector<std::shared_ptr<recommenders::slot>> recommenders::slots() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<slot>> all;
  all.reserve(slots_.size());
  for (const auto& [name, one] : slots_) {
    all.push_back(one);
  }
  return all;
}

std::shared_ptr<const served_model> recommenders::load(const asked_model& which, const training_context& context) {
  const auto record = find(which.recommender);
  const auto held = slot_of(record.name);
  const std::lock_guard changing(held->changing);
  const auto versions = models_.versions(record.name);
  auto wanted = std::ranges::find(versions, true, &model_record::serving);
  if (!which.deployment.empty()) {
    const auto deployed = deployment(record.name, which.deployment);
    wanted = std::ranges::find(versions, deployed.version, &model_record::version);
  }
  if (wanted == versions.end()) {
    throw error(errc::failed_precondition, fmt::format("recommender \"{}\" is not trained yet", record.name));
  }
  const loaded one = load_version(*held, *wanted, context);
  held->answer([&](slot::answering& next) {
    (which.deployment.empty() ? next.serving : next.deployed[which.deployment]) = one;
  });
  return one->now.current();
}

recommenders::loaded recommenders::load_version(slot& in, const model_record& record, const training_context& context) {
  if (auto there = in.version(record.version)) {
    return there;
  }
  std::shared_ptr<model> trained = models_.load(record, context);
  auto made = std::make_shared<loaded_version>();
  model_record now = record;
  if (const auto gone = leaving_.whom_models_may_hold(); !gone.empty()) {
    const auto report = trained->forget(gone, context);
    made->saved = report.subjects == 0;
    now.exact = now.exact && (made->saved || report.level == forgetting_level::exact);
  }
  if (!now.exact) {
    note_inexact();
  }
  made->now.publish(std::make_shared<const served_model>(std::move(now), std::move(trained)));
  return made;
}

void recommenders::load_all(const training_context& context) {
  std::vector<asked_model> all;
  for (const auto& record : models_.list()) {
    all.emplace_back(record.name);
  }
  for (const auto& deployed : models_.deployments()) {
    all.emplace_back(deployed.recommender, deployed.name);
  }
  for (const asked_model& which : all) {
    try {
      const auto now = load(which, context);
      core::log::info(
          "recommender loaded",
          {{"recommender", which.recommender}, {"deployment", which.deployment}, {"version", now->record().version}});
    } catch (const error& problem) {
      core::log::error("recommender not loaded", {{"recommender", which.recommender},
                                                  {"deployment", which.deployment},
                                                  {"why", core::kept_message_of(problem)}});
    }
  }
  loading_ = false;
}

std::shared_ptr<const served_model> recommenders::served(const asked_model& which) const {
  if (const auto held = slot_if_any(which.recommender)) {
    if (const auto now = held->published.current()) {
      if (const auto deployed = now->deployed.find(which.deployment); deployed != now->deployed.end()) {
        return deployed->second->now.current();
      }
      if (which.deployment.empty() && now->serving != nullptr) {
        return now->serving->now.current();
      }
    }
  }
  const auto record = find(which.recommender);
  std::int64_t deployed = 0;
  if (!which.deployment.empty()) {
    deployed = deployment(record.name, which.deployment).version;
  }
  if (loading_) {
    throw error(errc::unavailable, fmt::format("recommender \"{}\" is not loaded yet; ask again", record.name));
  }
  if (deployed != 0) {
    throw error(errc::failed_precondition,
                fmt::format("version {} of recommender \"{}\", deployed as \"{}\", could not be loaded; deploy another",
                            deployed, record.name, which.deployment));
  }
  if (!versions(record.name).empty()) {
    throw error(
        errc::failed_precondition,
        fmt::format("recommender \"{}\" has no version that serves; serve one, or ask a deployment", record.name));
  }
  throw error(errc::failed_precondition,
              fmt::format("recommender \"{}\" has no trained version that answers{}", record.name,
                          record.failure.empty() ? "; train it first" : ": the training failed: " + record.failure));
}

bool recommenders::answers(const served_model& one) const {
  const auto held = slot_if_any(one.record().name);
  return held != nullptr && std::ranges::any_of(held->now().versions(), [&](const loaded& version) {
           return version->now.current()->same_training(one);
         });
}

void recommenders::keep_failure(std::string_view name, std::string_view why) {
  sql_.write([&](sql::transaction& in) { keep_training_failure(in, name, why); });
}

model_record recommenders::train(std::string_view name, const core::purpose& why, const training_context& context) {
  return train(find(name), std::nullopt, why, context);
}

model_record recommenders::train(const recommender_record& record, std::optional<std::int64_t> replaced,
                                 const core::purpose& why, const training_context& context) {
  const people_leaving::training under_way(leaving_);
  try {
    const training_session session(data_.open(record.dataset), record.what, why, context);
    return keep(record, replaced, session, context);
  } catch (const error& problem) {
    if (problem.code() != errc::cancelled) {
      keep_failure(record.name, problem.kept_message());
    }
    throw;
  }
}

model_record recommenders::train(std::string_view name, const training_session& session,
                                 const training_context& context) {
  return keep(find(name), std::nullopt, session, context);
}

model_record recommenders::keep(const recommender_record& record, std::optional<std::int64_t> replaced,
                                const training_session& session, const training_context& context) {
  std::shared_ptr<model> trained = session.train(context);
  const auto held = slot_of(record.name);
  const std::lock_guard changing(held->changing);
  const auto wanted = find(record.name);  // removed meanwhile: there is nothing to keep
  if (const auto gone = whom_it_must_not_hold(*trained, session.purpose()); !gone.empty()) {
    trained->forget(gone, context);
    trained->rederive(context);
  }
  if (session.expiries() < data_.open(record.dataset).expiries()) {
    throw error(errc::unavailable,
                fmt::format("rows of dataset \"{}\" that are past their time left it while recommender \"{}\" learned "
                            "from them; nothing was kept, train it again",
                            record.dataset, record.name));
  }
  const model_registry::placement places{!replaced && wanted.serve_newest, replaced.value_or(0)};
  const auto kept = models_.add(record.name, record.dataset, *trained, metrics_of(session.choice()),
                                {session.events(), session.expiries()}, wanted.keep_versions, places);
  publish_added(*held, kept, std::move(trained));
  keep_failure(record.name, "");
  return kept;
}

void recommenders::publish_added(slot& in, const model_record& kept, std::shared_ptr<model> trained) {
  auto made = std::make_shared<loaded_version>();
  made->now.publish(std::make_shared<const served_model>(kept, std::move(trained)));
  const auto deployed = models_.deployments(kept.name);
  if (kept.serving) {
    in.serve(made);
  }
  in.answer([&](slot::answering& next) {
    for (const auto& one : deployed) {
      if (one.version == kept.version) {
        next.deployed[one.name] = made;
      }
    }
  });
}

// Of those whom it learned from: who is erased, or came to refuse, since it began.
std::vector<subject_handle> recommenders::whom_it_must_not_hold(const model& trained, const core::purpose& why) const {
  auto gone = leaving_.whom_models_may_hold();
  const auto refusing = data_.people_who_refuse(why);
  gone.insert(gone.end(), refusing.begin(), refusing.end());
  core::sort_and_unite(gone);
  std::erase_if(gone, [&](subject_handle who) { return !trained.learned_from().find(who); });
  return gone;
}

model_record recommenders::kept_version(const recommender_record& of, std::int64_t version) const {
  std::string known;
  for (auto& kept : models_.versions(of.name)) {
    if (kept.version == version) {
      return std::move(kept);
    }
    known += fmt::format("{}{}", known.empty() ? "it has " : ", ", kept.version);
  }
  throw error(errc::not_found, fmt::format("recommender \"{}\" has no version {}; {}", of.name, version,
                                           known.empty() ? "train it first" : known));
}

model_record recommenders::version_to_answer(const recommender_record& of, std::int64_t version) const {
  const std::int64_t newest = newest_of_line(of.name, version);
  auto kept = kept_version(of, newest == 0 ? version : newest);
  if (kept.expiries < data_.open(of.dataset).expiries()) {
    throw error(
        errc::failed_precondition,
        fmt::format("version {} of recommender \"{}\" learned from rows that are past their time", version, of.name));
  }
  return kept;
}

model_record recommenders::renew(std::string_view name, std::int64_t version, const core::purpose& why,
                                 const training_context& context) {
  recommender_record wanted = find(name);
  const model_record before = kept_version(wanted, version);
  wanted.what = {before.family, before.parameters};
  return train(wanted, version, why, context);
}

std::int64_t recommenders::newest_of_line(std::string_view name, std::int64_t version) const {
  const auto kept = models_.versions(name);  // newest first
  const auto known = std::ranges::find(kept, version, &model_record::version);
  const auto newest = std::ranges::find(kept, known == kept.end() ? version : known->line, &model_record::line);
  return newest == kept.end() ? 0 : newest->version;
}

model_record recommenders::serve(std::string_view name, std::int64_t version, const training_context& context) {
  const auto record = find(name);
  const auto held = slot_of(record.name);
  const std::lock_guard changing(held->changing);
  // Loaded before anything changes: the version before answers until the other can, and goes on when it cannot.
  const loaded one = load_version(*held, version_to_answer(record, version), context);
  const auto now = models_.serve(record.name, one->now.current()->record().version);
  held->serve(one);
  return now;
}

deployment_record recommenders::deploy(std::string_view recommender, std::string_view name, std::int64_t version,
                                       const training_context& context) {
  check_deployment_name(name);
  const auto record = find(recommender);
  const auto held = slot_of(record.name);
  const std::lock_guard changing(held->changing);
  const loaded one = load_version(*held, version_to_answer(record, version), context);
  auto made = models_.deploy(record.name, name, one->now.current()->record().version);
  held->answer([&](slot::answering& next) { next.deployed[made.name] = one; });
  return made;
}

void recommenders::withdraw(std::string_view recommender, std::string_view name) {
  const auto record = find(recommender);
  const auto held = slot_of(record.name);
  const std::lock_guard changing(held->changing);
  models_.withdraw(record.name, name);
  held->answer([&](slot::answering& next) { next.deployed.erase(std::string(name)); });
}

std::vector<deployment_record> recommenders::deployments(std::string_view recommender) const {
  return models_.deployments(find(recommender).name);
}

deployment_record recommenders::deployment(std::string_view recommender, std::string_view name) const {
  const auto record = find(recommender);
  return sql_.read([&](sql::connection& in) { return find_deployment(in, record.name, name); });
}

std::vector<std::string> recommenders::due() const {
  std::vector<std::string> names;
  const std::int64_t now = core::now_ms();
  for (const auto& record : list()) {
    if ((record.when.every_hours <= 0 && record.when.after_events == 0) ||
        (record.failed_at != 0 && now - record.failed_at < pause_after_failure_ms)) {
      continue;
    }
    const auto versions = models_.versions(record.name);
    const std::int64_t since = versions.empty() ? record.created_at : versions.front().trained_at;
    const bool old = record.when.every_hours > 0 &&
                     static_cast<double>(now - since) >= record.when.every_hours * milliseconds_per_hour;
    const std::uint64_t learned = versions.empty() ? 0 : versions.front().events;
    if (old || (record.when.after_events > 0 &&
                data_.open(record.dataset).statistics().interactions >= learned + record.when.after_events)) {
      names.push_back(record.name);
    }
  }
  return names;
}

}  // namespace eunomia::recommend
