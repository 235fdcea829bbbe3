#include "recommend/background.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <system_error>

#include "core/attempt.h"
#include "core/error.h"
#include "core/json.h"
#include "core/log.h"
#include "core/time.h"

namespace eunomia::recommend {

namespace {

using core::errc;
using core::error;

// A file comes before the job that names it.
constexpr auto unnamed_file_grace = std::chrono::minutes(1);
constexpr int most_import_attempts = 5;
// What is done by itself is not tried again right after it failed.
constexpr auto pause_after_failure = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::minutes(1));

struct import_arguments {
  std::string dataset;
  std::string kind;
  std::string file;
  bool owned = false;
  std::map<std::string, std::string> columns;
  std::vector<std::string> declare;
  std::string undeclared = "refuse";
  std::string delimiter;
  bool allow_future = false;
  bool again = false;
  std::optional<std::string> rejects;
};
BOOST_DESCRIBE_STRUCT(import_arguments, (),
                      (dataset, kind, file, owned, columns, declare, undeclared, delimiter, allow_future, again,
                       rejects))

struct settle_arguments {
  std::string dataset;
};
BOOST_DESCRIBE_STRUCT(settle_arguments, (), (dataset))

struct settle_result {
  std::uint64_t events = 0;
};
BOOST_DESCRIBE_STRUCT(settle_result, (), (events))

struct train_arguments {
  std::string recommender;
};
BOOST_DESCRIBE_STRUCT(train_arguments, (), (recommender))

struct renew_arguments {
  std::string recommender;
  std::int64_t version = 0;
};
BOOST_DESCRIBE_STRUCT(renew_arguments, (), (recommender, version))

struct train_result {
  std::string recommender;
  std::int64_t version = 0;
  std::string family;
  std::uint64_t people = 0;
  std::uint64_t pairs = 0;
  double seconds = 0;
};
BOOST_DESCRIBE_STRUCT(train_result, (), (recommender, version, family, people, pairs, seconds))

struct withdraw_result {
  std::uint64_t versions = 0;  // of models that held one of them, looked through
};
BOOST_DESCRIBE_STRUCT(withdraw_result, (), (versions))

struct rederive_result {
  std::uint64_t models = 0;
};
BOOST_DESCRIBE_STRUCT(rederive_result, (), (models))

std::string_view name_of(undeclared_columns what) {
  switch (what) {
    case undeclared_columns::refuse: return "refuse";
    case undeclared_columns::ignore: return "ignore";
    case undeclared_columns::declare: return "declare";
  }
  return "refuse";
}

undeclared_columns undeclared_named(std::string_view name) {
  return name == "ignore"    ? undeclared_columns::ignore
         : name == "declare" ? undeclared_columns::declare
                             : undeclared_columns::refuse;
}

std::string arguments_of(const import_order& order) {
  import_arguments arguments;
  arguments.dataset = order.dataset;
  arguments.kind = recommend::name_of(order.kind);
  arguments.file = order.file.string();
  arguments.owned = order.owned;
  arguments.columns = order.options.columns;
  for (const metadata_column& c : order.options.declare) {
    arguments.declare.push_back(fmt::format("{}:{}", c.name, recommend::name_of(c.type)));
  }
  arguments.undeclared = name_of(order.options.undeclared);
  if (order.options.delimiter != 0) {
    arguments.delimiter = order.options.delimiter;
  }
  arguments.allow_future = order.options.allow_future;
  arguments.again = order.options.again;
  if (order.options.rejects) {
    arguments.rejects = order.options.rejects->string();
  }
  return core::write_json(arguments);
}

import_options options_of(const import_arguments& arguments) {
  import_options options;
  options.columns = arguments.columns;
  for (const std::string& text : arguments.declare) {
    options.declare.push_back(metadata_column::parse(text));
  }
  options.undeclared = undeclared_named(arguments.undeclared);
  options.delimiter = arguments.delimiter.empty() ? '\0' : arguments.delimiter.front();
  options.allow_future = arguments.allow_future;
  options.again = arguments.again;
  if (arguments.rejects) {
    options.rejects = *arguments.rejects;
  }
  return options;
}

// What stays is found by the sweep.
void remove_quietly(const std::filesystem::path& file) {
  std::error_code ignored;
  std::filesystem::remove(file, ignored);
}

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace

background::background(job::jobs& jobs, datasets& data, recommenders& all, core::thread_pool& pool,
                       const core::purpose& why, const background_options& with)
    : jobs_(jobs), data_(data), all_(all), pool_(pool), why_(why), with_(with) {
  jobs_.add_kind("import", "data", [this](const job::record& what, core::job& job) { return run_import(what, job); });
  jobs_.add_kind("train", "data", [this](const job::record& what, core::job& job) { return run_training(what, job); });
  jobs_.add_kind("renew", "data", [this](const job::record& what, core::job& job) { return run_renewal(what, job); });
  jobs_.add_kind("rederive", "upkeep", [this](const job::record&, core::job& job) {
    return core::write_json(rederive_result{all_.rederive(context(job))});
  });
  jobs_.add_kind("withdraw", "upkeep", [this](const job::record&, core::job& job) { return run_withdrawal(job); });
  jobs_.add_kind("settle", "upkeep", [this](const job::record& what, core::job& job) {
    const auto arguments = core::read_json<settle_arguments>(what.arguments);
    return core::write_json(settle_result{data_.open(arguments.dataset).settle(pool_, job)});
  });
}

background::~background() {
  stop();
}

std::string background::run_import(const job::record& what, core::job& job) {
  const auto arguments = core::read_json<import_arguments>(what.arguments);
  auto into = data_.open(arguments.dataset);
  const std::filesystem::path file = arguments.file;
  import_report result;
  for (int again = most_import_attempts; again >= 0; --again) {
    try {
      result = import_files(into, data_kind_named(arguments.kind), {&file, 1}, options_of(arguments), pool_, job);
      break;
    } catch (const error& problem) {
      // Somebody was forgotten, or the table rewritten, while it ran: nothing is imported, and the next attempt may be.
      const bool may_do = problem.code() == errc::failed_precondition || problem.code() == errc::unavailable;
      if (may_do && again > 0) {
        continue;
      }
      // An attempt that was killed between its commit and the job's has done the work.
      if (problem.code() == errc::already_exists && what.attempts > 1 && !arguments.again) {
        result.warnings.emplace_back("the file was imported by an attempt that the server did not survive");
        break;
      }
      // One that is stopped is read again.
      if (arguments.owned && problem.code() != errc::cancelled) {
        remove_quietly(file);
      }
      throw;
    }
  }
  imported_(arguments.dataset, job);
  if (arguments.owned) {
    remove_quietly(file);
  }
  return core::write_json(result);
}

std::string background::run_training(const job::record& what, core::job& job) {
  const auto arguments = core::read_json<train_arguments>(what.arguments);
  const auto begin = std::chrono::steady_clock::now();
  const auto made = all_.train(arguments.recommender, why_, context(job));
  core::log::info("recommender trained", {{"recommender", made.name}, {"version", made.version}});
  return core::write_json(
      train_result{made.name, made.version, made.family, made.people, made.pairs, seconds_since(begin)});
}

std::string background::run_renewal(const job::record& what, core::job& job) {
  const auto arguments = core::read_json<renew_arguments>(what.arguments);
  const auto begin = std::chrono::steady_clock::now();
  if (all_.newest_of_line(arguments.recommender, arguments.version) != arguments.version) {
    return "{}";  // by an attempt that was killed before its job ended
  }
  const auto made = all_.renew(arguments.recommender, arguments.version, why_, context(job));
  core::log::info("recommender renewed",
                  {{"recommender", made.name}, {"version", made.version}, {"instead of", arguments.version}});
  return core::write_json(
      train_result{made.name, made.version, made.family, made.people, made.pairs, seconds_since(begin)});
}

job::record background::import(const import_order& order) {
  data_.open(order.dataset);
  return jobs_.submit("import", fmt::format("{} of dataset {}", recommend::name_of(order.kind), order.dataset),
                      arguments_of(order));
}

job::record background::train(std::string_view recommender) {
  const auto record = all_.find(recommender);
  const std::string about = "recommender " + record.name;
  if (waits("train", about)) {
    throw error(errc::failed_precondition,
                fmt::format("a training of recommender \"{}\" waits or runs already", record.name));
  }
  return jobs_.submit("train", about, core::write_json(train_arguments{record.name}));
}

void background::renew(const std::string& recommender, std::int64_t version) {
  submit_once("renew", fmt::format("version {} of recommender {}", version, recommender),
              core::write_json(renew_arguments{recommender, version}));
}

bool background::waits(std::string_view kind, std::string_view about) const {
  const auto waiting = jobs_.unfinished(kind);
  return std::any_of(waiting.begin(), waiting.end(), [&](const job::record& r) { return r.about == about; });
}

bool background::submit_once(std::string_view kind, std::string_view about, const std::string& arguments) {
  if (waits(kind, about) || jobs_.failed_since(core::now_ms() - pause_after_failure.count(), kind, about)) {
    return false;
  }
  jobs_.submit(kind, about, arguments);
  return true;
}

void background::somebody_refused() {
  somebody_refused_ = true;
  look_soon();
}

std::string background::run_withdrawal(core::job& job) {
  withdraw_result result;
  try {
    result.versions = all_.forget_who_refuses(why_, context(job)).size();
  } catch (...) {
    somebody_refused_ = true;
    throw;
  }
  return core::write_json(result);
}

void background::start() {
  looks_ = std::thread([this] {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
      look_now_ = false;
      lock.unlock();
      look();
      lock.lock();
      wake_.wait_for(lock, with_.tick, [this] { return stopping_ || look_now_; });
    }
  });
}

void background::look_soon() {
  {
    const std::lock_guard lock(mutex_);
    look_now_ = true;
  }
  wake_.notify_all();
}

void background::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (looks_.joinable()) {
    looks_.join();
  }
}

void background::look() {
  const std::int64_t now = core::now_ms();
  // Each by itself: what stands in the way of one must not keep the others from being done.
  core::attempt("models that forgot", [&] {
    if (const auto since = all_.inexact_since(); since && now - *since >= with_.rederive_delay.count()) {
      submit_once("rederive", "models that forgot", "{}");
    }
  });
  core::attempt("people who refuse", [&] {
    // Taken back before it is submitted, so that what changes from then on is looked at by another.
    if (somebody_refused_.exchange(false) && !data_.people_who_refuse(why_).empty() &&
        !submit_once("withdraw", "people who refuse", "{}")) {
      somebody_refused_ = true;
    }
  });
  core::attempt("events that wait", [&] {
    for (const auto& description : data_.list()) {
      if (data_.open(description.name).settle_due()) {
        submit_once("settle", "events of dataset " + description.name,
                    core::write_json(settle_arguments{description.name}));
      }
    }
  });
  core::attempt("trainings", [&] {
    for (const std::string& name : all_.due()) {
      submit_once("train", "recommender " + name, core::write_json(train_arguments{name}));
    }
  });
  core::attempt("files of jobs", [&] { sweep_files(); });
  core::attempt("upkeep", [&] { looked_(); });
}

void background::sweep_files() {
  if (with_.files.empty() || !std::filesystem::exists(with_.files)) {
    return;
  }
  // First what lies there, then what is named: a file that comes meanwhile is seen by both or by neither.
  std::vector<std::filesystem::path> there;
  for (const auto& entry : std::filesystem::directory_iterator(with_.files)) {
    there.push_back(entry.path());
  }
  if (there.empty()) {
    return;
  }
  std::vector<std::filesystem::path> named;
  for (const job::record& r : jobs_.unfinished("import")) {
    named.push_back(std::filesystem::path(core::read_json<import_arguments>(r.arguments).file).filename());
  }
  for (const auto& file : there) {
    std::error_code gone;
    const auto age = std::chrono::file_clock::now() - std::filesystem::last_write_time(file, gone);
    // By its name: the folder may be spelled otherwise than when the job was made.
    if (!gone && age > unnamed_file_grace && std::find(named.begin(), named.end(), file.filename()) == named.end()) {
      remove_quietly(file);
    }
  }
}

}  // namespace eunomia::recommend
