// Our side of the iALS benchmark, run by ials.py in turn with the peer:
//
//   ials INTERACTIONS.bin --factors N --alpha0 A --regularisation R --threads T
//
// INTERACTIONS.bin is what ials.py writes: users, items (uint32), interactions (uint64), then for each user the number
// of items (uint32), then the items of all users (uint32). Trains one iteration for each line on standard input and
// answers with one JSON object: {"seconds": ..., "peak_mb": ...}; the line "factors FILE" writes the user and item
// factors as float32 instead, for ials.py to rank with, and the line "fold" times folding people in.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <fstream>
#include <iostream>
#include <string>

#include "core/memory.h"
#include "recommend/ials_scorer.h"
#include "recommend/ials_trainer.h"

using namespace eunomia;

namespace {

template <class T>
std::vector<T> take(std::ifstream& in, std::size_t count) {
  std::vector<T> values(count);
  in.read(reinterpret_cast<char*>(values.data()), static_cast<std::streamsize>(count * sizeof(T)));
  if (!in) {
    throw core::error(core::errc::corrupt, "the interactions end early");
  }
  return values;
}

recommend::preferences read_interactions(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  const auto shape = take<std::uint32_t>(in, 2);
  const auto size = take<std::uint64_t>(in, 1)[0];
  recommend::preferences rows;
  std::vector<std::string> ids;
  for (std::uint32_t i = 0; i < shape[1]; ++i) {
    ids.push_back(fmt::format("{:08}", i));
  }
  rows.items = std::make_shared<recommend::catalogue>(std::move(ids));
  for (const std::uint32_t count : take<std::uint32_t>(in, shape[0])) {
    rows.subjects.emplace_back(rows.subjects.size() + 1);
    rows.row_begin.push_back(rows.row_begin.back() + count);
  }
  rows.item = take<recommend::item_position>(in, size);
  rows.weight.assign(size, 1);
  return rows;
}

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

void write_factors(std::ofstream& out, const recommend::factor_matrix& rows) {
  for (std::size_t r = 0; r < rows.rows(); ++r) {
    out.write(reinterpret_cast<const char*>(rows.row(r)), static_cast<std::streamsize>(rows.factors() * sizeof(float)));
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::string file;
  std::size_t factors = 64;
  unsigned threads = 2;
  recommend::ials_objective objective;
  CLI::App app("one side of bench/ials.py");
  app.add_option("interactions", file)->required();
  app.add_option("--factors", factors);
  app.add_option("--alpha0", objective.unobserved_weight);
  app.add_option("--regularisation", objective.regularisation);
  app.add_option("--threads", threads);
  CLI11_PARSE(app, argc, argv);

  const recommend::preferences rows = read_interactions(file);
  const recommend::row_features none;
  core::thread_pool pool(threads);
  core::job job;
  recommend::ials_trainer trainer(rows, none, none, objective, 1, {pool, job});
  trainer.start(factors, 0.1, 1);
  std::cout << "{\"ready\": true}" << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    if (line.starts_with("factors ")) {
      std::ofstream out(line.substr(8), std::ios::binary);
      write_factors(out, trainer.users());
      write_factors(out, trainer.items());
      std::cout << "{}" << std::endl;
      continue;
    }
    if (line == "fold") {
      break;
    }
    const auto begin = std::chrono::steady_clock::now();
    (void)trainer.iterate();
    std::cout << fmt::format("{{\"seconds\": {:.4f}, \"peak_mb\": {}}}", seconds_since(begin),
                             core::peak_resident_bytes() / 1000000)
              << std::endl;
  }
  const recommend::ials_scorer scorer(rows.items, trainer.finish(), objective, {});
  std::vector<double> fold;
  std::vector<float> scores(rows.items->size());
  std::vector<double> answer;
  for (std::uint32_t row = 0; row < rows.rows(); row += std::max(1U, rows.rows() / 1000)) {
    std::vector<recommend::preference> history;
    for (const auto item : rows.items_of(row)) {
      history.push_back({item, 1, 0});
    }
    auto begin = std::chrono::steady_clock::now();
    const auto x = scorer.user_factor({history});
    fold.push_back(seconds_since(begin));
    begin = std::chrono::steady_clock::now();
    scorer.score({history}, scores);
    answer.push_back(seconds_since(begin));
  }
  std::sort(fold.begin(), fold.end());
  std::sort(answer.begin(), answer.end());
  std::cout << fmt::format("{{\"fold_in_us\": {:.1f}, \"score_us\": {:.1f}}}", fold[fold.size() / 2] * 1e6,
                           answer[answer.size() / 2] * 1e6)
            << std::endl;
  return 0;
}
