#include "recommend/forgetting_check.h"

#include <stdlib.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <random>

#include "core/error.h"
#include "core/file.h"
#include "recommend/answer.h"

namespace eunomia::recommend {

namespace {

constexpr std::size_t list_length = 25;

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

void compare(const scorer& forgot, const scorer& never_saw, std::span<const std::vector<preference>> told,
             forgetting_check& result) {
  std::vector<float> a(forgot.items().size());
  std::vector<float> b(a.size());
  for (const auto& history : told) {
    recommendation_request request;
    request.who.history = history;
    request.count = list_length;
    const auto list_a = recommend(forgot, request);
    const auto list_b = recommend(never_saw, request);
    std::size_t common = 0;
    for (const recommendation& entry : list_a) {
      common += std::any_of(list_b.begin(), list_b.end(), [&](const auto& other) { return other.item == entry.item; });
    }
    const std::size_t longest = std::max({list_a.size(), list_b.size(), std::size_t{1}});
    result.mean_overlap_at_25 +=
        (list_a.empty() && list_b.empty() ? 1 : static_cast<double>(common) / static_cast<double>(longest)) /
        static_cast<double>(told.size());
    result.identical_top_25 += std::equal(list_a.begin(), list_a.end(), list_b.begin(), list_b.end(),
                                          [](const auto& x, const auto& y) { return x.item == y.item; });
    forgot.score(request.who, a);
    never_saw.score(request.who, b);
    double largest = 0;
    double difference = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
      if (std::isfinite(a[i]) && std::isfinite(b[i])) {
        largest = std::max({largest, std::abs(double{a[i]}), std::abs(double{b[i]})});
        difference = std::max(difference, std::abs(double{a[i]} - double{b[i]}));
      } else if (std::isfinite(a[i]) != std::isfinite(b[i])) {
        difference = INFINITY;  // one of them would never recommend what the other may
      }
    }
    if (largest > 0 || difference > 0) {
      result.max_relative_difference = std::max(result.max_relative_difference, difference / largest);
    }
  }
  result.users_compared = static_cast<std::uint32_t>(told.size());
}

// A folder of its own for the two model files, gone afterwards.
class scratch_folder {
 public:
  scratch_folder() {
    std::string name = (std::filesystem::temp_directory_path() / "eunomia-check-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) {
      throw core::error(core::errc::unavailable,
                        "cannot create a folder like " + name + "; set TMPDIR to one that is writable");
    }
    path_ = name;
  }
  ~scratch_folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  scratch_folder(const scratch_folder&) = delete;
  scratch_folder& operator=(const scratch_folder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

bool same_files(const model& a, const model& b) {
  const scratch_folder folder;
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

  compare(*forgets->current(), *never_saw->current(), histories(data.tests, weighting_of(*forgets)), result);
  const auto begin_rederive = std::chrono::steady_clock::now();
  forgets->rederive(context);
  result.rederive_seconds = seconds_since(begin_rederive);
  result.identical_after_rederiving = same_files(*forgets, *never_saw);
  return result;
}

}  // namespace eunomia::recommend
