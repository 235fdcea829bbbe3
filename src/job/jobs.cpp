#include "job/jobs.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "core/error.h"
#include "core/log.h"
#include "job/job_store.h"
#include "job/work.h"

// A lane is a thread that takes the oldest queued job of its kinds, runs it and writes how it ended. What is at work is
// in memory too, for its progress and to ask it to stop. Two rules keep table and memory consistent:
//
// - A job comes into memory under `taking` together with its row becoming `running`, and leaves memory after its row
//   has left `running`. So whoever holds `taking` knows: running, and not in memory, is run by nobody.
// - A reader looks into memory first and into the table after. So a progress that it shows belongs to the row that it
//   shows, and no later look shows an older revision.
namespace eunomia::job {

namespace sql = store::sql;

namespace {

// After a write that the database refused.
constexpr std::chrono::milliseconds retry_interval = std::chrono::seconds(1);

struct lane {
  std::string name;
  std::vector<std::string_view> kinds;  // of the handlers' keys
  bool woken = false;
  std::thread thread;
};

void check_text(std::string_view what, std::string_view text, std::size_t limit, std::string_view limit_name) {
  if (text.size() > limit) {
    throw core::error(core::errc::invalid_argument,
                      fmt::format("the {} of a job has {} bytes ({} = {})", what, text.size(), limit_name, limit));
  }
  if (!storable(text)) {
    throw core::error(core::errc::invalid_argument, fmt::format("the {} of a job is no UTF-8, or holds U+0000", what));
  }
}

void check_name(std::string_view what, std::string_view name) {
  check_text(what, name, max_name_bytes, "max_name_bytes");
  if (name.empty()) {
    throw core::error(core::errc::invalid_argument, fmt::format("the {} of a job is empty", what));
  }
}

void check_options(const options& with) {
  if (with.max_queued == 0 || with.max_attempts == 0 || with.keep_days == 0 || with.max_kept == 0 ||
      with.look_interval.count() <= 0) {
    throw core::error(core::errc::invalid_argument, "an option of the jobs is 0: each must be at least 1");
  }
}

void log_end(const record& job, state is, const ending& how) {
  if (is == state::failed) {
    core::log::warning("job failed",
                       {{"job", job.id}, {"kind", job.kind}, {"code", how.error_code}, {"reason", how.error_message}});
  } else {
    core::log::info("job ended", {{"job", job.id}, {"kind", job.kind}, {"state", name_of(is)}});
  }
}

}  // namespace

struct jobs::impl {
  impl(sql::database& database, const options& chosen) : db(database), with(chosen) {}

  const handler& handler_of(std::string_view kind) const;
  void check_submission(std::string_view kind, std::string_view about, std::string_view arguments) const;
  std::vector<std::string_view> all_kinds() const;
  void prepare();
  void remove_old() noexcept;
  void join();

  void run_lane(lane& on) noexcept;
  bool wait_for_work(lane& on, std::chrono::milliseconds patience);
  bool run_next(const lane& on);
  std::shared_ptr<work> take_next(const lane& on);
  void finish(const std::shared_ptr<work>& job, const ending& how);
  bool try_finish(const work& job, const ending& how);
  std::shared_ptr<work> at_work(std::int64_t id) const;
  bool is_stopping() const {
    const std::lock_guard lock(mutex);
    return stopping;
  }

  sql::database& db;
  const options with;
  std::map<std::string, handler, std::less<>> handlers;  // constant from start() on
  std::vector<std::unique_ptr<lane>> lanes;              // the same

  std::mutex life;    // start() and stop(), one at a time
  std::mutex taking;  // see above; held over a write
  mutable std::mutex mutex;
  std::condition_variable changed;
  bool started = false;
  bool stopping = false;
  std::map<std::int64_t, std::shared_ptr<work>> running;
};

const handler& jobs::impl::handler_of(std::string_view kind) const {
  const auto found = handlers.find(kind);
  if (found == handlers.end()) {
    std::string known;
    for (const auto& [name, handle] : handlers) {
      known += (known.empty() ? "" : ", ") + name;
    }
    throw core::error(core::errc::invalid_argument,
                      fmt::format("there is no kind of job \"{}\"; there are: {}", kind, known));
  }
  return found->second;
}

void jobs::impl::check_submission(std::string_view kind, std::string_view about, std::string_view arguments) const {
  check_name("kind", kind);
  handler_of(kind);
  check_text("about", about, max_about_bytes, "max_about_bytes");
  check_text("arguments", arguments, max_arguments_bytes, "max_arguments_bytes");
}

std::vector<std::string_view> jobs::impl::all_kinds() const {
  std::vector<std::string_view> kinds;
  kinds.reserve(handlers.size());
  for (const auto& [kind, handle] : handlers) {
    kinds.push_back(kind);
  }
  return kinds;
}

void jobs::impl::prepare() {
  const std::vector<std::string_view> kinds = all_kinds();
  db.write([&](sql::transaction& in) { recover(in, kinds, with.max_attempts); });
  remove_old();
  for (const unknown_kind& left : db.read([&](sql::connection& in) { return unknown_kinds(in, kinds); })) {
    core::log::warning("jobs of a kind that this version does not know are left alone",
                       {{"kind", left.kind}, {"jobs", left.jobs}});
  }
}

// In a transaction of its own, after a look that finds nothing most of the time: PostgreSQL would let the end of a job
// and a deletion that reads over all of them get into each other's way.
void jobs::impl::remove_old() noexcept {
  try {
    if (db.read([&](sql::connection& in) { return must_prune(in, with.keep_days, with.max_kept); })) {
      db.write([&](sql::transaction& in) { prune(in, with.keep_days, with.max_kept); });
    }
  } catch (const std::exception& problem) {
    core::log::warning("cannot remove old jobs; will try again after the next",
                       {{"reason", core::kept_message_of(problem)}});
  }
}

void jobs::impl::join() {
  for (const auto& on : lanes) {
    if (on->thread.joinable()) {
      on->thread.join();
    }
  }
}

void jobs::impl::run_lane(lane& on) noexcept {
  std::chrono::milliseconds patience = with.look_interval;
  while (wait_for_work(on, patience)) {
    patience = with.look_interval;
    try {
      while (run_next(on)) {
      }
    } catch (const std::exception& problem) {
      core::log::error("cannot take the next job; will try again",
                       {{"lane", on.name}, {"reason", core::kept_message_of(problem)}});
      patience = std::min(with.look_interval, retry_interval);
    }
  }
}

// False when the lane must end.
bool jobs::impl::wait_for_work(lane& on, std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex);
  changed.wait_for(lock, patience, [&] { return stopping || on.woken; });
  on.woken = false;
  return !stopping;
}

bool jobs::impl::run_next(const lane& on) {
  const std::shared_ptr<work> job = take_next(on);
  if (!job) {
    return false;
  }
  core::log::info("job began",
                  {{"job", job->begun().id}, {"kind", job->begun().kind}, {"attempt", job->begun().attempts}});
  finish(job, run(handlers.find(job->begun().kind)->second, *job));
  return true;
}

std::shared_ptr<work> jobs::impl::take_next(const lane& on) {
  const std::lock_guard one_at_a_time(taking);
  // The read keeps idle lanes from standing in the way of writers.
  if (is_stopping() || !db.read([&](sql::connection& in) { return any_queued(in, on.kinds); })) {
    return nullptr;
  }
  std::optional<record> taken = db.write([&](sql::transaction& in) { return take(in, on.kinds); });
  if (!taken) {
    return nullptr;
  }
  const std::int64_t id = taken->id;
  auto job = std::make_shared<work>(std::move(*taken));
  const std::lock_guard lock(mutex);
  if (stopping) {
    job->cancel();
  }
  running[id] = job;
  return job;
}

// Tries until it is written, or until the process stops: then the row still says running, and start() puts it back.
void jobs::impl::finish(const std::shared_ptr<work>& job, const ending& how) {
  while (!try_finish(*job, how)) {
    std::unique_lock lock(mutex);
    if (changed.wait_for(lock, std::min(with.look_interval, retry_interval), [&] { return stopping; })) {
      break;
    }
  }
  {
    const std::lock_guard lock(mutex);
    running.erase(job->begun().id);
  }
  remove_old();
}

bool jobs::impl::try_finish(const work& job, const ending& how) {
  try {
    const std::optional<state> is = db.write([&](sql::transaction& in) { return end(in, job.begun(), how); });
    if (is) {
      log_end(job.begun(), *is, how);
    }
    return true;
  } catch (const std::exception& problem) {
    core::log::error("cannot write how a job ended; will try again",
                     {{"job", job.begun().id}, {"kind", job.begun().kind}, {"reason", core::kept_message_of(problem)}});
    return false;
  }
}

std::shared_ptr<work> jobs::impl::at_work(std::int64_t id) const {
  const std::lock_guard lock(mutex);
  const auto found = running.find(id);
  return found == running.end() ? nullptr : found->second;
}

jobs::jobs(sql::database& database, const options& with) {
  check_options(with);
  database.migrate(migrations);
  impl_ = std::make_unique<impl>(database, with);
}

jobs::~jobs() {
  stop();
}

void jobs::add_kind(std::string kind, std::string lane_name, handler run) {
  check_name("kind", kind);
  check_name("lane", lane_name);
  const std::lock_guard life(impl_->life);
  if (impl_->started) {
    throw core::error(core::errc::failed_precondition, fmt::format("kind of job \"{}\": add it before start()", kind));
  }
  if (impl_->handlers.contains(kind)) {
    throw core::error(core::errc::already_exists, fmt::format("kind of job \"{}\": there is one already", kind));
  }
  auto& lanes = impl_->lanes;
  auto on = std::find_if(lanes.begin(), lanes.end(), [&](const auto& l) { return l->name == lane_name; });
  if (on == lanes.end()) {
    if (lanes.size() == max_lanes) {
      throw core::error(core::errc::resource_exhausted,
                        fmt::format("lane \"{}\": there are too many (max_lanes = {})", lane_name, max_lanes));
    }
    lanes.push_back(std::make_unique<lane>());
    lanes.back()->name = std::move(lane_name);
    on = std::prev(lanes.end());
  }
  (*on)->kinds.push_back(impl_->handlers.emplace(std::move(kind), std::move(run)).first->first);
}

void jobs::start() {
  const std::lock_guard life(impl_->life);
  if (impl_->started) {
    throw core::error(core::errc::failed_precondition, "the jobs are started already");
  }
  impl_->prepare();
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = false;
  }
  wake();
  impl_->started = true;
  for (const auto& on : impl_->lanes) {
    on->thread = std::thread([this, lane = on.get()] { impl_->run_lane(*lane); });
  }
}

void jobs::stop() {
  const std::lock_guard life(impl_->life);
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
    for (const auto& [id, job] : impl_->running) {
      job->cancel();
    }
  }
  impl_->changed.notify_all();
  impl_->join();
  impl_->started = false;
}

record jobs::submit(std::string_view kind, std::string_view about, std::string_view arguments) {
  impl_->check_submission(kind, about, arguments);
  // Not in the transaction that inserts: on PostgreSQL all submissions would then get into each other's way. So as many
  // more may wait as submit at the same moment.
  impl_->db.read([&](sql::connection& in) { check_queue(in, impl_->with.max_queued); });
  record queued = impl_->db.write([&](sql::transaction& in) { return select(in, insert(in, kind, about, arguments)); });
  wake();
  return queued;
}

std::int64_t jobs::submit(sql::transaction& in, std::string_view kind, std::string_view about,
                          std::string_view arguments) {
  impl_->check_submission(kind, about, arguments);
  check_queue(in, impl_->with.max_queued);
  return insert(in, kind, about, arguments);
}

void jobs::wake() {
  {
    const std::lock_guard lock(impl_->mutex);
    for (const auto& on : impl_->lanes) {
      on->woken = true;
    }
  }
  impl_->changed.notify_all();
}

record jobs::find(std::int64_t id) const {
  const std::shared_ptr<work> job = impl_->at_work(id);
  record found = impl_->db.read([&](sql::connection& in) { return select(in, id); });
  if (job) {
    job->show_in(found);
  }
  return found;
}

jobs::page jobs::list(std::size_t count, std::int64_t before, std::string_view kind) const {
  if (count == 0 || count > max_page || before < 0) {
    throw core::error(core::errc::invalid_argument,
                      fmt::format("a page of {} jobs before {}: ask for 1 to {} (max_page), before 0 or an id", count,
                                  before, max_page));
  }
  decltype(impl::running) running;
  {
    const std::lock_guard lock(impl_->mutex);
    running = impl_->running;
  }
  page found = impl_->db.read([&](sql::connection& in) { return select_page(in, count, before, kind); });
  for (record& each : found.jobs) {
    if (const auto job = running.find(each.id); job != running.end()) {
      job->second->show_in(each);
    }
  }
  return found;
}

std::vector<record> jobs::unfinished(std::string_view kind) const {
  return impl_->db.read([&](sql::connection& in) { return select_unfinished(in, kind); });
}

bool jobs::failed_since(std::int64_t moment, std::string_view kind, std::string_view about) const {
  const auto latest = list(max_page, 0, kind).jobs;
  const auto last =
      std::find_if(latest.begin(), latest.end(), [&](const record& r) { return about.empty() || r.about == about; });
  return last != latest.end() && last->is == state::failed && last->ended_at > moment;
}

record jobs::cancel(std::int64_t id) {
  const std::lock_guard nothing_begins(impl_->taking);
  const std::shared_ptr<work> job = impl_->at_work(id);
  record now = impl_->db.write([&](sql::transaction& in) { return request_cancel(in, id, job != nullptr); });
  if (job && now.is == state::running) {
    job->request_cancel();
    job->show_in(now);
  }
  return now;
}

}  // namespace eunomia::job
