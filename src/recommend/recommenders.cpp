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

item_set items_without_interactions(const model& trained) {
  item_set fresh(trained.current()->items().size(), true);
  for (const item_position item : trained.learned_from().item) {
    fresh.erase(item);
  }
  return fresh;
}

sql::database& migrated(sql::database& database) {
  static constexpr std::array<sql::migration, 1> steps = {{{"recommenders", 1, version_1}}};
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
  wanted.created_at = core::now_ms();
  wanted.failed_at = 0;
  wanted.failure.clear();
  sql_.write([&](sql::transaction& in) { insert_definition(in, wanted); });
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
  sql_.write([&](sql::transaction& in) { delete_definition(in, record.name); });
  models_.remove(record.name);
  held->serving.publish(nullptr);
  const std::lock_guard lock(mutex_);
  slots_.erase(record.name);
}

std::shared_ptr<recommenders::slot> recommenders::slot_of(std::string_view name) {
  const std::lock_guard lock(mutex_);
  const auto found = slots_.find(name);
  return found != slots_.end() ? found->second : slots_.emplace(name, std::make_shared<slot>()).first->second;
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

std::shared_ptr<const served_model> recommenders::load(std::string_view name, const training_context& context) {
  const auto record = find(name);
  const auto held = slot_of(name);
  const std::lock_guard changing(held->changing);
  if (auto now = held->serving.current()) {
    return now;
  }
  const auto versions = models_.versions(name);
  const auto answers = std::find_if(versions.begin(), versions.end(), [](const auto& v) { return v.serving; });
  if (answers == versions.end()) {
    throw error(errc::failed_precondition, fmt::format("recommender \"{}\" is not trained yet", record.name));
  }
  return publish(*held, *answers, models_.load(*answers, context), context);
}

std::shared_ptr<const served_model> recommenders::publish(slot& in, model_record record, std::shared_ptr<model> loaded,
                                                          const training_context& context) {
  bool saved = true;
  if (const auto gone = leaving_.whom_models_may_hold(); !gone.empty()) {
    const auto report = loaded->forget(gone, context);
    saved = report.subjects == 0;
    record.exact = record.exact && (saved || report.level == forgetting_level::exact);
  }
  in.saved = saved;
  if (!record.exact) {
    note_inexact();
  }
  auto serving = std::make_shared<const served_model>(std::move(record), std::move(loaded));
  in.serving.publish(serving);
  return serving;
}

void recommenders::load_all(const training_context& context) {
  for (const auto& record : models_.list()) {
    try {
      load(record.name, context);
      core::log::info("recommender loaded", {{"recommender", record.name}, {"version", record.version}});
    } catch (const error& problem) {
      core::log::error("recommender not loaded",
                       {{"recommender", record.name}, {"why", core::kept_message_of(problem)}});
    }
  }
  loading_ = false;
}

std::shared_ptr<const served_model> recommenders::served(std::string_view name) const {
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = slots_.find(name); found != slots_.end()) {
      if (auto now = found->second->serving.current()) {
        return now;
      }
    }
  }
  const auto record = find(name);
  if (loading_) {
    throw error(errc::unavailable, fmt::format("recommender \"{}\" is not loaded yet; ask again", record.name));
  }
  throw error(errc::failed_precondition,
              fmt::format("recommender \"{}\" has no trained version that answers{}", record.name,
                          record.failure.empty() ? "; train it first" : ": the training failed: " + record.failure));
}

void recommenders::keep_failure(std::string_view name, std::string_view why) {
  sql_.write([&](sql::transaction& in) { keep_training_failure(in, name, why); });
}

model_record recommenders::train(std::string_view name, const core::purpose& why, const training_context& context) {
  const auto record = find(name);
  const people_leaving::training under_way(leaving_);
  try {
    const training_session session(data_.open(record.dataset), record.what, why, context);
    return train(name, session, context);
  } catch (const error& problem) {
    if (problem.code() != errc::cancelled) {
      keep_failure(name, problem.kept_message());
    }
    throw;
  }
}

model_record recommenders::train(std::string_view name, const training_session& session,
                                 const training_context& context) {
  const auto record = find(name);
  std::shared_ptr<model> trained = session.train(context);
  const auto held = slot_of(name);
  const std::lock_guard changing(held->changing);
  find(name);  // removed meanwhile: there is nothing to keep
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
  const auto kept = models_.add(record.name, record.dataset, *trained, metrics_of(session.choice()),
                                {session.events(), session.expiries()}, record.keep_versions);
  held->serving.publish(std::make_shared<const served_model>(kept, std::move(trained)));
  held->saved = true;
  keep_failure(name, "");
  return kept;
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

model_record recommenders::serve(std::string_view name, std::int64_t version, const training_context& context) {
  const auto record = find(name);
  const auto held = slot_of(name);
  const std::lock_guard changing(held->changing);
  // Loaded before anything changes: the version before answers until the other can, and goes on when it cannot.
  std::shared_ptr<model> loaded;
  const std::int64_t expiries = data_.open(record.dataset).expiries();
  for (const auto& kept : models_.versions(record.name)) {
    if (kept.version == version) {
      if (kept.expiries < expiries) {
        throw error(errc::failed_precondition,
                    fmt::format("version {} of recommender \"{}\" learned from rows that are past their time", version,
                                record.name));
      }
      loaded = models_.load(kept, context);
    }
  }
  auto serving = models_.serve(record.name, version);
  return publish(*held, std::move(serving), std::move(loaded), context)->record();
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
