// family CSV FAMILY PARAMETERS [RUNS] [ANSWERS] [THREADS]: trains a family RUNS times on interactions from files, then
// answers ANSWERS people of them one after another on one thread. Prints one JSON object: seconds of every training,
// microseconds of every answer's median, and the peak of memory. The benchmarks in Python run it in turn with a peer.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include "core/memory.h"
#include "core/thread_pool.h"
#include "recommend/answer.h"
#include "recommend/family.h"
#include "recommend/import.h"
#include "subject/directory.h"

using namespace eunomia;  // a program of one file

namespace {

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

std::vector<double> answer_microseconds(const recommend::model& trained, std::size_t answers) {
  const auto scorer = trained.current();
  const recommend::preferences& rows = trained.learned_from();
  std::vector<double> result;
  for (std::size_t i = 0; i < answers; ++i) {
    const auto history = rows.history_of(static_cast<std::uint32_t>(i * 7919 % rows.rows()));
    recommend::recommendation_request request;
    request.who.history = history;
    const auto begin = std::chrono::steady_clock::now();
    const auto list = recommend::recommend(*scorer, request);
    result.push_back(1e6 * seconds_since(begin));
    if (list.empty()) {
      fmt::print(stderr, "an empty answer\n");
    }
  }
  std::sort(result.begin(), result.end());
  return result;
}

int run(const std::vector<std::string>& arguments) {
  const std::filesystem::path file = arguments.at(0);
  const recommend::family& family = recommend::family_named(arguments.at(1));
  const std::size_t runs = arguments.size() > 3 ? std::stoul(arguments[3]) : 3;
  const std::size_t answers = arguments.size() > 4 ? std::stoul(arguments[4]) : 2000;
  core::thread_pool pool(arguments.size() > 5 ? static_cast<unsigned>(std::stoul(arguments[5])) : 0);
  core::job job;
  const auto people = subject::make_memory_directory();
  const auto events = recommend::read_interactions({&file, 1}, *people, {}, job);
  const recommend::side_features none;
  std::vector<double> seconds;
  std::unique_ptr<recommend::model> trained;
  for (std::size_t i = 0; i < runs; ++i) {
    trained.reset();
    const auto begin = std::chrono::steady_clock::now();
    trained = family.train({events, none}, arguments.at(2), {pool, job});
    seconds.push_back(seconds_since(begin));
  }
  const auto answered = answer_microseconds(*trained, answers);
  fmt::print(
      "{{\"family\": \"{}\", \"threads\": {}, \"pairs\": {}, \"people\": {}, \"items\": {}, \"train_seconds\": [{}], "
      "\"answer_us_p50\": {:.2f}, \"answer_us_p99\": {:.2f}, \"peak_bytes\": {}}}\n",
      family.name(), pool.size(), trained->learned_from().size(), trained->learned_from().rows(), events.items->size(),
      fmt::join(seconds, ", "), answered[answered.size() / 2], answered[answered.size() * 99 / 100],
      core::peak_resident_bytes());
  return 0;
}

}  // namespace

int main(int count, char** values) {
  try {
    return run({values + 1, values + count});
  } catch (const std::exception& e) {
    fmt::print(stderr, "{}\n", e.what());
    return 1;
  }
}
