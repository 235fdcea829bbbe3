#include "recommend/learned_model.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"

namespace eunomia::recommend {

learned_model::learned_model(std::string_view family, std::string parameters, preferences rows)
    : family_(family), parameters_(std::move(parameters)), rows_(std::move(rows)), popularity_(rows_) {}

std::shared_ptr<const scorer> learned_model::current() const {
  const std::lock_guard lock(mutex_);
  return scorer_;
}

void learned_model::publish(std::shared_ptr<const scorer> next) {
  {
    const std::lock_guard lock(mutex_);
    scorer_.swap(next);
  }
  // The old scorer, if nobody holds it any longer, is destroyed here, outside the lock.
}

forget_report learned_model::forget(std::span<const core::subject_handle> gone, const training_context& context) {
  std::vector<core::subject_handle> subjects;
  std::vector<std::uint32_t> rows;
  for (const core::subject_handle subject : gone) {
    if (const auto row = rows_.find(subject)) {
      rows.push_back(*row);
    }
  }
  std::sort(rows.begin(), rows.end());
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  forget_report report;
  report.level = forgetting_level::exact;
  if (rows.empty()) {
    return report;
  }
  for (const std::uint32_t row : rows) {
    subjects.push_back(rows_.subjects[row]);
    report.interactions += rows_.items_of(row).size();
  }
  report.subjects = static_cast<std::uint32_t>(rows.size());
  context.job.check();
  auto popularity = popularity_.without(rows_, rows);
  auto next = scorer_without(rows, context);
  commit(rows);
  rows_.erase(subjects);
  popularity_.publish(std::move(popularity));
  publish(std::move(next));
  return report;
}

preferences learn_from(const training_data& data, const weighting& how, std::string_view family) {
  if (data.events.size() == 0) {
    throw core::error(core::errc::failed_precondition,
                      fmt::format("{}: there are no interactions to learn from; import interactions first", family));
  }
  preferences rows = prepare(data.events, how);
  if (rows.size() == 0) {
    throw core::error(core::errc::failed_precondition,
                      fmt::format("{}: the weighting leaves out all {} interactions; give an event type a weight above "
                                  "0, lower minimum_event_value or lengthen half_life_days",
                                  family, data.events.size()));
  }
  return rows;
}

void require_memory(const memory_estimate& need, std::string_view family, const training_context& context) {
  if (need.training_bytes > context.memory_limit) {
    constexpr double mebibyte = 1024.0 * 1024.0;
    throw core::error(
        core::errc::resource_exhausted,
        fmt::format("{}: training needs {:.0f} MiB, the limit is {:.0f} MiB; raise the limit, or leave out "
                    "old or weak events by the weighting",
                    family, static_cast<double>(need.training_bytes) / mebibyte,
                    static_cast<double>(context.memory_limit) / mebibyte));
  }
}

memory_estimate memory_of_preferences(const training_data& data) {
  constexpr std::uint64_t bytes_per_pair = 14;
  constexpr std::uint64_t bytes_per_event = 4;
  constexpr std::uint64_t bytes_per_subject = 16;
  const std::uint64_t events = data.events.size();
  // No event is counted as a repetition, and no subject has more than one: an upper bound that needs no pass.
  const std::uint64_t kept = events * (bytes_per_pair + bytes_per_subject);
  return {kept + events * (bytes_per_event + bytes_per_subject), kept};
}

}  // namespace eunomia::recommend
