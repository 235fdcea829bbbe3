#include "recommend/forgetting_check.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <random>

#include "core/error.h"
#include "core/file.h"
#include "core/temporary_directory.h"
#include "recommend/model_distance.h"

namespace eunomia::recommend {

namespace {

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

double quantile(const std::vector<double>& ascending, double q) {
  return ascending[static_cast<std::size_t>(std::lround(q * static_cast<double>(ascending.size() - 1)))];
}

std::vector<core::subject_handle> draw(const preferences& rows, std::uint32_t count, std::uint64_t seed) {
  if (count == 0 || count > rows.rows()) {
    throw core::error(core::errc::invalid_argument, "erasures must be 1 to " + std::to_string(rows.rows()) +
                                                        ", the number of people the model learned from; got " +
                                                        std::to_string(count));
  }
  std::vector<core::subject_handle> people = rows.subjects;
  std::mt19937_64 random(seed);
  for (std::size_t i = 0; i < count; ++i) {
    std::swap(people[i], people[i + random() % (people.size() - i)]);
  }
  people.resize(count);
  return people;
}

bool same_files(const model& a, const model& b) {
  const core::temporary_directory folder;
  a.save(folder.path() / "a");
  b.save(folder.path() / "b");
  const auto bytes_a = core::mapped_file::open(folder.path() / "a");
  const auto bytes_b = core::mapped_file::open(folder.path() / "b");
  return std::ranges::equal(bytes_a->bytes(), bytes_b->bytes());
}

}  // namespace

forgetting_check check_forgetting(const split& data, const family& kind, std::string_view parameters,
                                  std::uint32_t erasures, std::uint64_t seed, const training_context& context) {
  const side_features no_features;
  const auto forgets = kind.train({data.train, no_features}, parameters, context);
  std::vector<core::subject_handle> gone = draw(forgets->learned_from(), erasures, seed);

  forgetting_check result;
  result.model = kind.name();
  result.erasures = erasures;
  std::vector<double> milliseconds;
  for (const core::subject_handle subject : gone) {
    const auto begin = std::chrono::steady_clock::now();
    result.level = name_of(forgets->forget({&subject, 1}, context).level);
    milliseconds.push_back(1000 * seconds_since(begin));
    context.job.report("forgetting", milliseconds.size(), gone.size());
  }
  std::sort(milliseconds.begin(), milliseconds.end());
  result.forget_ms_p50 = quantile(milliseconds, 0.5);
  result.forget_ms_p99 = quantile(milliseconds, 0.99);

  std::sort(gone.begin(), gone.end());
  const interactions rest = without(data.train, gone);
  const auto begin_retrain = std::chrono::steady_clock::now();
  const auto never_saw = kind.train({rest, no_features}, forgets->parameters(), context);
  result.retrain_seconds = seconds_since(begin_retrain);

  const model_distance apart =
      distance(*forgets->current(), *never_saw->current(), histories(data.tests, weighting_of(*forgets)));
  result.users_compared = apart.compared;
  result.identical_top_25 = apart.identical;
  result.mean_overlap_at_25 = apart.overlap;
  result.max_relative_difference = apart.max_relative_difference;
  result.relative_difference = apart.relative_difference;
  const auto begin_rederive = std::chrono::steady_clock::now();
  forgets->rederive(context);
  result.rederive_seconds = seconds_since(begin_rederive);
  result.identical_after_rederiving = same_files(*forgets, *never_saw);
  return result;
}

}  // namespace eunomia::recommend
