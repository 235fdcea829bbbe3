#include "recommend/recommenders.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>

#include "core/error.h"
#include "core/log.h"
#include "core/time.h"
#include "recommend/family.h"
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
  SELECT name, dataset, family, parameters, 0, 0, 2, trained_at, 0, '' FROM recommend_model_version WHERE serving = 1;
CREATE TABLE recommend_forgetting (
  id {id},
  requested_at BIGINT NOT NULL,
  completed_at BIGINT NOT NULL,
  people BIGINT NOT NULL,
  handles {text} NOT NULL,
  report {text} NOT NULL
)
)";

item_set items_without_interactions(const model& trained) {
  item_set fresh(trained.current()->items().size(), true);
  for (const item_position item : trained.learned_from().item) {
    fresh.erase(item);
  }
  return fresh;
}

class stopwatch {
 public:
  double milliseconds() const {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin_).count();
  }

 private:
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

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

// A recommender while it is served. Whoever changes its model or its versions holds changing.
struct recommenders::slot {
  std::mutex changing;
  core::published<served_model> serving;
  bool saved = true;                         // the file is what the model is
  std::atomic<std::int64_t> rounded_at = 0;  // when it last became inexact, UTC ms; 0: it is exact
};

recommenders::recommenders(sql::database& sql, datasets& data, model_registry& models,
                           subject::durable_directory& people, subject::purposes& purposes)
    : sql_(migrated(sql)), data_(data), models_(models), people_(people), purposes_(purposes), ledger_(sql_) {}

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
  if (const auto gone = ledger_.whom_models_may_hold(); !gone.empty()) {
    const auto report = loaded->forget(gone, context);
    saved = report.subjects == 0;
    record.exact = record.exact && (saved || report.level != forgetting_level::exact_up_to_rounding);
  }
  in.saved = saved;
  in.rounded_at = record.exact ? 0 : core::now_ms();
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
  const forgetting_ledger::training under_way(ledger_);
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
  if (const auto gone = ledger_.whom_models_may_hold(); !gone.empty()) {
    trained->forget(gone, context);
    trained->rederive(context);
  }
  const auto kept = models_.add(record.name, record.dataset, *trained, metrics_of(session.choice()), session.events(),
                                record.keep_versions);
  held->serving.publish(std::make_shared<const served_model>(kept, std::move(trained)));
  held->saved = true;
  held->rounded_at = 0;
  keep_failure(name, "");
  return kept;
}

model_record recommenders::serve(std::string_view name, std::int64_t version, const training_context& context) {
  const auto record = find(name);
  const auto held = slot_of(name);
  const std::lock_guard changing(held->changing);
  // Loaded before anything changes: the version before answers until the other can, and goes on when it cannot.
  std::shared_ptr<model> loaded;
  for (const auto& kept : models_.versions(record.name)) {
    if (kept.version == version) {
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

forgotten_model recommenders::forget_served(slot& in, std::span<const subject_handle> gone,
                                            const training_context& context) {
  const auto serving = in.serving.current();
  const stopwatch watch;
  const model_record& record = serving->record();
  const auto report = serving->model_->forget(gone, context);
  const forgotten_model result{record.name,
                               record.version,
                               record.family,
                               true,
                               report.subjects,
                               report.interactions,
                               std::string(name_of(report.level)),
                               watch.milliseconds()};
  if (report.subjects > 0) {
    in.saved = false;
    if (report.level == forgetting_level::exact_up_to_rounding) {
      std::int64_t exact = 0;
      in.rounded_at.compare_exchange_strong(exact, core::now_ms());
    }
    if (report.level == forgetting_level::exact_up_to_rounding && record.exact) {
      auto changed = std::make_shared<served_model>(*serving);
      changed->record_.exact = false;
      in.serving.publish(std::move(changed));
    }
  }
  return result;
}

std::pair<forgetting_record, std::vector<forgotten_model>> recommenders::begin_forgetting(
    std::span<const subject_handle> wanted, const training_context& context) {
  std::vector<subject_handle> gone(wanted.begin(), wanted.end());
  sort_and_unite(gone);
  // What they do meanwhile is refused; afterwards they are somebody new.
  std::vector<recommend::forgetting> closed;
  for (const auto& description : data_.list()) {
    closed.push_back(data_.open(description.name).begin_forgetting(gone));
  }
  before_forgetting_(gone);
  const auto record = ledger_.add(gone, [&](sql::transaction& in) {
    for (const subject_handle handle : gone) {
      people_.erase(in, handle);
    }
  });
  closed.clear();
  std::vector<forgotten_model> models;
  for (const auto& one : slots()) {
    const std::lock_guard changing(one->changing);
    if (one->serving.current() != nullptr) {
      models.push_back(forget_served(*one, gone, context));
    }
  }
  return {record, std::move(models)};
}

std::optional<forgetting_report> recommenders::finish_forgettings(const training_context& context) {
  const std::lock_guard finishing(finishing_);
  const auto requests = ledger_.waiting();
  if (requests.ids.empty()) {
    return std::nullopt;
  }
  forgetting_report report;
  if (!requests.people.empty()) {
    forget_everywhere(requests.people, report, context);
    forget_choices(requests.people);
    ledger_.drop_handles(requests, report);
  }
  // Handles and identifiers leave the log too before anything is claimed, and files that a backup was still copying.
  sql_.checkpoint_truncate();
  models_.wait_for_removed(context.job);
  ledger_.complete(requests);
  return report;
}

// Last: until their rows are gone, what they chose keeps counting.
void recommenders::forget_choices(std::span<const subject_handle> gone) {
  try {
    sql_.write([&](sql::transaction& in) { purposes_.erase(in, gone); });
  } catch (...) {
    purposes_.in_doubt();
    throw;
  }
  purposes_.refresh(gone);
}

void recommenders::forget_everywhere(std::span<const subject_handle> gone, forgetting_report& report,
                                     const training_context& context) {
  std::map<std::string, std::vector<model_record>> by_name;
  for (auto& version : models_.all()) {
    by_name[version.name].push_back(std::move(version));
  }
  // One that fails keeps the request waiting, and none of the others: whatever can lose these people does.
  std::exception_ptr obstacle;
  const auto attempt = [&](std::string_view kind, const std::string& name, const auto& action) {
    context.job.check();
    try {
      action();
    } catch (const error& problem) {
      if (problem.code() == errc::cancelled) {
        throw;
      }
      core::log::error("a forgetting waits for this", {{kind, name}, {"why", problem.kept_message()}});
      obstacle = std::current_exception();
    }
  };
  for (const auto& [name, versions] : by_name) {
    attempt("recommender", name, [&] { forget_versions(name, gone, context, report.models); });
    context.job.report("models", report.models.size(), 0);
  }
  for (const auto& description : data_.list()) {
    attempt("dataset", description.name, [&] {
      auto from = data_.open(description.name);
      erased_dataset erased{description.name, 0};
      for (std::size_t begin = 0; begin < gone.size(); begin += store::table::max_named_rows) {
        const auto some = gone.subspan(begin, std::min(store::table::max_named_rows, gone.size() - begin));
        erased.rows += from.erase_subjects(some, context.pool, context.job);
      }
      report.datasets.push_back(std::move(erased));
    });
  }
  if (obstacle) {
    std::rethrow_exception(obstacle);
  }
}

void recommenders::forget_versions(const std::string& name, std::span<const subject_handle> gone,
                                   const training_context& context, std::vector<forgotten_model>& lost) {
  const auto held = slot_of(name);
  const std::lock_guard changing(held->changing);
  if (held->serving.current() != nullptr) {
    // A request that came a moment ago may not have got so far.
    forget_served(*held, gone, context);
  }
  const auto serving = held->serving.current();
  for (const auto& version : models_.versions(name)) {
    const stopwatch watch;
    forgotten_model result{version.name, version.version, version.family, version.serving, 0, 0, {}, 0};
    forgetting_level level = forgetting_level::exact;
    if (serving != nullptr && serving->record().version == version.version) {
      level = family_named(version.family).forgets();
      if (level == forgetting_level::exact_up_to_rounding && serving->record().exact) {
        level = forgetting_level::exact;
      }
      if (!held->saved) {
        auto kept = models_.replace(version, *serving->model_, serving->record().exact);
        auto changed = std::make_shared<served_model>(*serving);
        changed->record_ = std::move(kept);
        held->serving.publish(std::move(changed));
        held->saved = true;
      }
    } else {
      const auto loaded = models_.load(version, context);
      const auto report = loaded->forget(gone, context);
      level = report.level;
      result.people = report.subjects;
      result.pairs = report.interactions;
      if (report.subjects > 0) {
        if (level == forgetting_level::exact_up_to_rounding) {
          loaded->rederive(context);
          level = forgetting_level::exact;
        }
        models_.replace(version, *loaded);
      }
    }
    result.level = name_of(level);
    result.milliseconds = watch.milliseconds();
    lost.push_back(std::move(result));
  }
}

std::size_t recommenders::rederive(const training_context& context) {
  std::size_t done = 0;
  for (const auto& one : slots()) {
    const std::lock_guard changing(one->changing);
    const auto serving = one->serving.current();
    if (serving == nullptr || serving->record().exact) {
      continue;
    }
    serving->model_->rederive(context);
    auto changed = std::make_shared<served_model>(*serving);
    changed->record_ = models_.replace(serving->record(), *serving->model_);
    one->serving.publish(std::move(changed));
    one->saved = true;
    one->rounded_at = 0;
    ++done;
  }
  return done;
}

std::optional<std::int64_t> recommenders::rounded_since() const {
  std::optional<std::int64_t> since;
  for (const auto& one : slots()) {
    if (const std::int64_t at = one->rounded_at; at != 0) {
      since = std::min(since.value_or(at), at);
    }
  }
  return since;
}

}  // namespace eunomia::recommend
