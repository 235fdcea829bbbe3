// In SQL: what recommenders are to be (recommender), and whom they are to forget (recommend_forgetting). A request to
// forget is the row's handles until the disk is done; the row stays, without them.
#include "recommend/recommenders.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cmath>

#include "core/error.h"
#include "core/json.h"
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

constexpr std::string_view recommender_columns =
    "name, dataset, family, parameters, every_hours, after_events, keep_versions, created_at, failed_at, failure";
constexpr double longest_hours = 24 * 366;
// A training that failed is not tried again by itself before this time has passed.
constexpr std::int64_t pause_after_failure_ms = std::int64_t{10} * 60 * 1000;
constexpr double milliseconds_per_hour = 3'600'000;

recommender_record record_of(const sql::row& r) {
  recommender_record record;
  record.name = r.text(0);
  record.dataset = r.text(1);
  record.what = {std::string(r.text(2)), std::string(r.text(3))};
  record.when = {r.real(4), r.uint64(5)};
  record.keep_versions = static_cast<std::uint32_t>(r.int64(6));
  record.created_at = r.int64(7);
  record.failed_at = r.int64(8);
  record.failure = r.text(9);
  return record;
}

std::vector<recommender_record> select(sql::connection& in, std::string_view where,
                                       std::initializer_list<sql::argument> args = {}) {
  std::vector<recommender_record> found;
  in.each(fmt::format("SELECT {} FROM recommender {} ORDER BY name", recommender_columns, where), args,
          [&](const sql::row& r) { found.push_back(record_of(r)); });
  return found;
}

[[noreturn]] void refuse_unknown(sql::connection& in, std::string_view name) {
  std::vector<std::string> known;
  for (const auto& other : select(in, "")) {
    known.push_back(other.name);
  }
  throw error(errc::not_found,
              fmt::format("there is no recommender \"{}\"; {}", name.substr(0, 64),
                          known.empty() ? "there is none yet" : fmt::format("there are {}", fmt::join(known, ", "))));
}

recommender_record find_in(sql::connection& in, std::string_view name) {
  auto found = select(in, "WHERE name = :name", {{"name", name}});
  if (found.empty()) {
    refuse_unknown(in, name);
  }
  return std::move(found.front());
}

void check(recommender_record& wanted) {
  check_name("recommender", wanted.name);
  if (wanted.what.family == "auto") {
    if (wanted.what.parameters != "{}") {
      throw error(errc::invalid_argument, "parameters go with a named family, not with auto");
    }
  } else {
    family_named(wanted.what.family).complete(wanted.what.parameters);
  }
  if (!(wanted.when.every_hours >= 0 && wanted.when.every_hours <= longest_hours)) {
    throw error(errc::invalid_argument,
                fmt::format("every_hours must be 0 (never) to {}, got {}", longest_hours, wanted.when.every_hours));
  }
  if (wanted.keep_versions < 1 || wanted.keep_versions > max_kept_versions) {
    throw error(errc::invalid_argument, fmt::format("keep_versions must be 1 to max_kept_versions = {}, got {}",
                                                    max_kept_versions, wanted.keep_versions));
  }
}

void insert(sql::transaction& in, const recommender_record& record) {
  in.execute(fmt::format("INSERT INTO recommender ({}) VALUES (:name, :dataset, :family, :parameters, :every_hours, "
                         ":after_events, :keep_versions, :created_at, :failed_at, :failure)",
                         recommender_columns),
             {{"name", record.name},
              {"dataset", record.dataset},
              {"family", record.what.family},
              {"parameters", record.what.parameters},
              {"every_hours", record.when.every_hours},
              {"after_events", record.when.after_events},
              {"keep_versions", std::int64_t{record.keep_versions}},
              {"created_at", record.created_at},
              {"failed_at", record.failed_at},
              {"failure", record.failure}});
}

item_set items_without_interactions(const model& trained) {
  item_set fresh(trained.current()->items().size(), true);
  for (const item_position item : trained.learned_from().item) {
    fresh.erase(item);
  }
  return fresh;
}

std::vector<subject_handle> handles_of(std::string_view json) {
  std::vector<subject_handle> handles;
  for (const std::uint64_t handle : core::read_json<std::vector<std::uint64_t>>(json)) {
    handles.emplace_back(handle);
  }
  return handles;
}

void sort_and_unite(std::vector<subject_handle>& handles) {
  std::sort(handles.begin(), handles.end());
  handles.erase(std::unique(handles.begin(), handles.end()), handles.end());
}

class stopwatch {
 public:
  double milliseconds() const {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin_).count();
  }

 private:
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

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

// Whom models may still hold: those whose request waits, and those forgotten since a training that is under way began.
struct recommenders::pending {
  std::mutex finishing;                              // held by finish_forgettings()
  std::mutex mutex;                                  // of what follows
  std::vector<subject_handle> waiting;               // of requests that are not completed
  std::vector<subject_handle> since_training_began;  // grows while trainings > 0
  std::size_t trainings = 0;

  void add(std::span<const subject_handle> gone) {
    const std::lock_guard lock(mutex);
    waiting.insert(waiting.end(), gone.begin(), gone.end());
    if (trainings > 0) {
      since_training_began.insert(since_training_began.end(), gone.begin(), gone.end());
    }
  }
  void completed(std::span<const subject_handle> gone) {
    const std::lock_guard lock(mutex);
    std::erase_if(waiting, [&](subject_handle handle) { return std::binary_search(gone.begin(), gone.end(), handle); });
  }
  std::vector<subject_handle> everybody() {
    const std::lock_guard lock(mutex);
    std::vector<subject_handle> all = waiting;
    all.insert(all.end(), since_training_began.begin(), since_training_began.end());
    sort_and_unite(all);
    return all;
  }
  void training_begins() {
    const std::lock_guard lock(mutex);
    ++trainings;
  }
  void training_ends() {
    const std::lock_guard lock(mutex);
    if (--trainings == 0) {
      since_training_began.clear();
    }
  }
};

recommenders::recommenders(sql::database& sql, datasets& data, model_registry& models,
                           subject::durable_directory& people)
    : sql_(sql), data_(data), models_(models), people_(people), pending_(std::make_unique<pending>()) {
  static constexpr std::array<sql::migration, 1> steps = {{{"recommenders", 1, version_1}}};
  sql_.migrate(steps);
  sql_.read([&](sql::connection& in) {
    in.each("SELECT handles FROM recommend_forgetting WHERE completed_at = 0", {},
            [&](const sql::row& r) { pending_->add(handles_of(r.text(0))); });
  });
}

recommenders::~recommenders() = default;

recommender_record recommenders::create(recommender_record wanted) {
  check(wanted);
  data_.open(wanted.dataset);
  wanted.created_at = core::now_ms();
  wanted.failed_at = 0;
  wanted.failure.clear();
  sql_.write([&](sql::transaction& in) {
    if (!select(in, "WHERE name = :name", {{"name", wanted.name}}).empty()) {
      throw error(errc::already_exists, "recommender \"" + wanted.name + "\" exists already");
    }
    insert(in, wanted);
  });
  return wanted;
}

recommender_record recommenders::update(recommender_record wanted) {
  check(wanted);
  return sql_.write([&](sql::transaction& in) {
    recommender_record changed = find_in(in, wanted.name);
    if (changed.dataset != wanted.dataset) {
      throw error(errc::failed_precondition,
                  fmt::format("recommender \"{}\" learns from dataset \"{}\"; make another one for dataset \"{}\"",
                              changed.name, changed.dataset, wanted.dataset));
    }
    changed.what = wanted.what;
    changed.when = wanted.when;
    changed.keep_versions = wanted.keep_versions;
    in.execute("DELETE FROM recommender WHERE name = :name", {{"name", changed.name}});
    insert(in, changed);
    return changed;
  });
}

recommender_record recommenders::find(std::string_view name) const {
  return sql_.read([&](sql::connection& in) { return find_in(in, name); });
}

std::vector<recommender_record> recommenders::list() const {
  return sql_.read([](sql::connection& in) { return select(in, ""); });
}

void recommenders::remove(std::string_view name) {
  const auto record = find(name);
  const auto held = slot_of(record.name);
  const std::lock_guard changing(held->changing);
  sql_.write([&](sql::transaction& in) {
    in.execute("DELETE FROM recommender WHERE name = :name", {{"name", record.name}});
  });
  models_.remove(record.name);
  held->serving.publish(nullptr);
  const std::lock_guard lock(mutex_);
  slots_.erase(record.name);
}

std::shared_ptr<recommenders::slot> recommenders::slot_of(std::string_view name) const {
  const std::lock_guard lock(mutex_);
  auto& slots = const_cast<recommenders*>(this)->slots_;
  const auto found = slots.find(name);
  return found != slots.end() ? found->second : slots.emplace(name, std::make_shared<slot>()).first->second;
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
  if (const auto gone = pending_->everybody(); !gone.empty()) {
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
      core::log::error("recommender not loaded", {{"recommender", record.name}, {"why", problem.what()}});
    }
  }
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
  throw error(errc::failed_precondition,
              fmt::format("recommender \"{}\" has no trained version that answers{}", record.name,
                          record.failure.empty() ? "; train it first" : ": the training failed: " + record.failure));
}

void recommenders::keep_failure(std::string_view name, const std::string& why) {
  sql_.write([&](sql::transaction& in) {
    in.execute("UPDATE recommender SET failed_at = :now, failure = :why WHERE name = :name",
               {{"now", why.empty() ? 0 : core::now_ms()}, {"why", why}, {"name", name}});
  });
}

model_record recommenders::train(std::string_view name, const core::purpose& why, const training_context& context) {
  const auto record = find(name);
  struct guard {
    explicit guard(pending& in) : in_(in) { in_.training_begins(); }
    ~guard() { in_.training_ends(); }
    guard(const guard&) = delete;
    guard& operator=(const guard&) = delete;
    pending& in_;
  } const under_way(*pending_);
  try {
    const training_session session(data_.open(record.dataset), record.what, why, context);
    return train(name, session, context);
  } catch (const error& problem) {
    if (problem.code() != errc::cancelled) {
      keep_failure(name, problem.what());
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
  if (const auto gone = pending_->everybody(); !gone.empty()) {
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

forgotten_model recommenders::forget_in(slot& in, std::span<const subject_handle> gone,
                                        const training_context& context) {
  const std::lock_guard changing(in.changing);
  const auto serving = in.serving.current();
  if (serving == nullptr) {
    return {};
  }
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
  std::vector<std::uint64_t> numbers;
  numbers.reserve(gone.size());
  for (const subject_handle handle : gone) {
    numbers.push_back(handle.value());
  }
  forgetting_record record;
  record.requested_at = core::now_ms();
  record.people = gone.size();
  const std::string handles = core::write_json(numbers);
  // What they do meanwhile is refused; afterwards they are somebody new.
  std::vector<recommend::forgetting> closed;
  for (const auto& description : data_.list()) {
    closed.push_back(data_.open(description.name).begin_forgetting(gone));
  }
  record.id = sql_.write([&](sql::transaction& in) {
    for (const subject_handle handle : gone) {
      people_.erase(in, handle);
    }
    in.execute(
        "INSERT INTO recommend_forgetting (requested_at, completed_at, people, handles, report) "
        "VALUES (:now, 0, :people, :handles, '')",
        {{"now", record.requested_at}, {"people", record.people}, {"handles", handles}});
    return in.query_one("SELECT max(id) FROM recommend_forgetting")[0].int64(0);
  });
  closed.clear();
  pending_->add(gone);
  std::vector<forgotten_model> models;
  for (const auto& one : slots()) {
    auto lost = forget_in(*one, gone, context);
    if (!lost.name.empty()) {
      models.push_back(std::move(lost));
    }
  }
  return {record, std::move(models)};
}

std::optional<std::int64_t> recommenders::forgettings_wait_since() const {
  return sql_.read([](sql::connection& in) -> std::optional<std::int64_t> {
    const auto oldest = in.query_one(
        "SELECT count(*), coalesce(min(requested_at), 0) FROM recommend_forgetting WHERE completed_at = 0");
    return oldest[0].int64(0) == 0 ? std::nullopt : std::optional(oldest[0].int64(1));
  });
}

forgetting_record recommenders::forgetting(std::int64_t id) const {
  return sql_.read([&](sql::connection& in) {
    const auto found = in.query_one(
        "SELECT id, requested_at, completed_at, people, report FROM recommend_forgetting WHERE id = :id", {{"id", id}});
    if (found.empty()) {
      throw error(errc::not_found, fmt::format("there is no forgetting {}", id));
    }
    forgetting_record record{found[0].int64(0), found[0].int64(1), found[0].int64(2), found[0].uint64(3), {}};
    if (record.completed_at != 0) {
      record.report = core::read_json<forgetting_report>(found[0].text(4));
    }
    return record;
  });
}

std::optional<forgetting_report> recommenders::finish_forgettings(const training_context& context) {
  const std::lock_guard finishing(pending_->finishing);
  std::vector<std::int64_t> ids;
  std::vector<subject_handle> gone;
  sql_.read([&](sql::connection& in) {
    in.each("SELECT id, handles FROM recommend_forgetting WHERE completed_at = 0 ORDER BY id", {},
            [&](const sql::row& r) {
              ids.push_back(r.int64(0));
              const auto handles = handles_of(r.text(1));
              gone.insert(gone.end(), handles.begin(), handles.end());
            });
  });
  if (ids.empty()) {
    return std::nullopt;
  }
  sort_and_unite(gone);

  forgetting_report report;
  std::map<std::string, std::vector<model_record>> by_name;
  for (auto& version : models_.all()) {
    by_name[version.name].push_back(std::move(version));
  }
  for (const auto& [name, versions] : by_name) {
    context.job.check();
    for (auto& one : forget_versions(name, gone, context)) {
      report.models.push_back(std::move(one));
    }
    context.job.report("models", report.models.size(), 0);
  }
  for (const auto& description : data_.list()) {
    context.job.check();
    auto from = data_.open(description.name);
    report.datasets.push_back({description.name, from.erase_subjects(gone, context.pool, context.job)});
  }
  // The row first, so that its handles leave the log too.
  const std::string text = core::write_json(report);
  const std::int64_t now = core::now_ms();
  sql_.write([&](sql::transaction& in) {
    for (const std::int64_t id : ids) {
      in.execute("UPDATE recommend_forgetting SET completed_at = :now, handles = '[]', report = :report WHERE id = :id",
                 {{"now", now}, {"report", text}, {"id", id}});
    }
  });
  pending_->completed(gone);
  sql_.checkpoint_truncate();
  return report;
}

std::vector<forgotten_model> recommenders::forget_versions(const std::string& name,
                                                           std::span<const subject_handle> gone,
                                                           const training_context& context) {
  std::vector<forgotten_model> lost;
  const auto held = slot_of(name);
  const std::lock_guard changing(held->changing);
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
  return lost;
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
