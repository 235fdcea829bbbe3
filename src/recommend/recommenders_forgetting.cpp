// How people leave the models that are served and those that are kept.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <functional>
#include <iterator>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

#include "core/error.h"
#include "core/log.h"
#include "core/time.h"
#include "recommend/family.h"
#include "recommend/recommenders.h"
#include "recommend/recommenders_slot.h"

namespace eunomia::recommend {

using core::subject_handle;

namespace {

class stopwatch {
 public:
  double milliseconds() const {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin_).count();
  }

 private:
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

// Calls body(i) for every i below count on a few threads of their own, each of which may use the pool: one writes while
// another computes. When all are done, throws the first exception, a cancellation before others.
void few_at_once(std::size_t count, unsigned threads, const std::function<void(std::size_t i)>& body) {
  std::atomic<std::size_t> next = 0;
  std::mutex mutex;  // of the problem
  std::exception_ptr problem;
  bool cancelled = false;
  const auto keep = [&](bool is_cancellation) {
    const std::lock_guard lock(mutex);
    if (!problem || (is_cancellation && !cancelled)) {
      problem = std::current_exception();
      cancelled = is_cancellation;
    }
  };
  const auto work = [&] {
    for (std::size_t i = next++; i < count; i = next++) {
      try {
        body(i);
      } catch (const core::error& thrown) {
        keep(thrown.code() == core::errc::cancelled);
      } catch (...) {
        keep(false);
      }
    }
  };
  {
    std::vector<std::jthread> others;
    for (std::size_t more = 1; more < std::min<std::size_t>(threads, count); ++more) {
      others.emplace_back(work);
    }
    work();
  }
  if (problem) {
    std::rethrow_exception(problem);
  }
}

std::vector<forgotten_model> joined(std::vector<std::vector<forgotten_model>> each) {
  std::vector<forgotten_model> all;
  for (auto& some : each) {
    std::ranges::move(some, std::back_inserter(all));
  }
  return all;
}

}  // namespace

forgotten_model recommenders::forget_loaded(const slot& in, loaded_version& from, std::span<const subject_handle> gone,
                                            const training_context& context) {
  const auto answers = from.now.current();
  const stopwatch watch;
  model_record record = answers->record();
  const auto report = answers->model_->forget(gone, context);
  if (report.subjects > 0) {
    from.saved = false;
    if (report.level != forgetting_level::exact && record.exact) {
      record.exact = false;
      from.describe(record);
    }
  }
  if (!record.exact) {
    note_inexact();
  }
  return {record.name,     record.version,      record.family, in.now().serving.get() == &from,
          report.subjects, report.interactions, report.level,  watch.milliseconds()};
}

std::vector<forgotten_model> recommenders::forget_in_memory(std::span<const subject_handle> gone,
                                                            const training_context& context) {
  const auto all = slots();
  std::vector<std::vector<forgotten_model>> each(all.size());
  few_at_once(all.size(), context.pool.size(), [&](std::size_t i) {
    const std::lock_guard changing(all[i]->changing);
    for (const loaded& version : all[i]->now().versions()) {
      each[i].push_back(forget_loaded(*all[i], *version, gone, context));
    }
  });
  return joined(std::move(each));
}

std::vector<forgotten_model> recommenders::forget_on_disk(std::span<const subject_handle> gone,
                                                          const training_context& context) {
  std::set<std::string> distinct;
  for (const auto& version : models_.all()) {
    distinct.insert(version.name);
  }
  const std::vector<std::string> names(distinct.begin(), distinct.end());
  std::vector<std::vector<forgotten_model>> each(names.size());
  std::atomic<std::size_t> done = 0;
  few_at_once(names.size(), context.pool.size(), [&](std::size_t i) {
    context.job.check();
    try {
      forget_versions(names[i], gone, context, each[i]);
    } catch (const core::error& problem) {
      if (problem.code() != core::errc::cancelled) {
        core::log::error("an erasure waits for this", {{"recommender", names[i]}, {"why", problem.kept_message()}});
      }
      throw;
    }
    context.job.report("models", ++done, names.size());
  });
  return joined(std::move(each));
}

void recommenders::forget_versions(const std::string& name, std::span<const subject_handle> gone,
                                   const training_context& context, std::vector<forgotten_model>& lost) {
  const auto held = slot_of(name);
  const std::lock_guard changing(held->changing);
  // A request that came a moment ago may not have got so far.
  for (const loaded& version : held->now().versions()) {
    forget_loaded(*held, *version, gone, context);
  }
  for (const auto& version : models_.versions(name)) {
    const stopwatch watch;
    forgotten_model result{version.name, version.version, version.family, version.serving, 0, 0, {}, 0};
    bool exact = version.exact;
    if (const loaded answers = held->version(version.version)) {
      const auto now = answers->now.current();
      exact = now->record().exact;
      if (!answers->saved) {
        answers->describe(models_.replace(version, *now->model_, exact));
        answers->saved = true;
      }
    } else {
      const auto trained = models_.load(version, context);
      const auto report = trained->forget(gone, context);
      result.people = report.subjects;
      result.pairs = report.interactions;
      if (report.subjects > 0) {
        exact = exact && report.level == forgetting_level::exact;
        models_.replace(version, *trained, exact);
      }
    }
    if (!exact) {
      result.level = family_named(version.family).forgets();
      note_inexact();
    }
    result.milliseconds = watch.milliseconds();
    lost.push_back(std::move(result));
  }
}

std::vector<forgotten_model> recommenders::forget_who_refuses(const core::purpose& why,
                                                              const training_context& context) {
  const auto gone = data_.people_who_refuse(why);
  // What is served may hold them no more than its file does: it forgets with it.
  return gone.empty() || holding(gone, context).empty() ? std::vector<forgotten_model>()
                                                        : forget_on_disk(gone, context);
}

std::vector<forgotten_model> recommenders::holding(std::span<const subject_handle> people,
                                                   const training_context& context) const {
  std::vector<forgotten_model> all;
  for (const auto& version : models_.all()) {
    context.job.check();
    const rows_learned rows = models_.count_learned(version, people);
    if (rows.people > 0) {
      all.push_back({version.name, version.version, version.family, version.serving, rows.people, rows.pairs, {}, 0});
    }
  }
  return all;
}

std::size_t recommenders::rederive(const training_context& context) {
  // What becomes inexact from here on is noted anew.
  inexact_since_ = 0;
  std::size_t done = 0;
  std::set<std::string> names;
  for (const auto& version : models_.all()) {
    names.insert(version.name);
  }
  try {
    for (const std::string& name : names) {
      context.job.check();
      const auto held = slot_of(name);
      const std::lock_guard changing(held->changing);
      for (const auto& version : models_.versions(name)) {
        if (const loaded answers = held->version(version.version)) {
          done += rederive_loaded(*answers, context);
        } else if (!version.exact) {
          const auto trained = models_.load(version, context);
          trained->rederive(context);
          models_.replace(version, *trained);
          ++done;
        }
      }
    }
  } catch (...) {
    note_inexact();
    throw;
  }
  return done;
}

std::size_t recommenders::rederive_loaded(loaded_version& of, const training_context& context) {
  const auto now = of.now.current();
  if (now->record().exact) {
    return 0;
  }
  now->model_->rederive(context);
  of.describe(models_.replace(now->record(), *now->model_));
  of.saved = true;
  return 1;
}

void recommenders::note_inexact() {
  std::int64_t exact = 0;
  inexact_since_.compare_exchange_strong(exact, core::now_ms());
}

std::optional<std::int64_t> recommenders::inexact_since() const {
  const std::int64_t at = inexact_since_;
  return at == 0 ? std::nullopt : std::optional(at);
}

}  // namespace eunomia::recommend
