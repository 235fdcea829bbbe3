// EASE on Online Retail, or on interactions in the shape of MovieLens-20M; bench/ease.py runs it beside its peer.
//
//   ease retail [REPETITIONS] | ease movielens FILE.csv
//
// Prints one JSON object with the medians of the repetitions:
//   items, people, pairs   of the training
//   gram_s, train_s        the whole training, and with float32; the counting of co-occurrences alone
//   score_us               scores of all items for one test user, one thread
//   gemm_gflops            the roof: a product of two 1536 x 1536 float64 matrices on each core at once
#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <string>

#include "recommend/dense/blas.h"
#include "recommend/ease.h"
#include "recommend/ease_gram.h"
#include "recommend/online_retail.h"

namespace {

using namespace eunomia;
using namespace eunomia::recommend;

double seconds_of(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

double median_seconds(int repetitions, const std::function<void()>& work) {
  std::vector<double> times;
  for (int i = 0; i < repetitions; ++i) {
    times.push_back(seconds_of(work));
  }
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

double gemm_gflops(core::thread_pool& pool) {
  constexpr int n = 1536;
  dense::blas::use_one_thread();
  std::vector<std::vector<double>> a(pool.size(), std::vector<double>(n * n, 1.0)), c = a;
  const auto multiply = [&] {
    pool.for_each(pool.size(), [&](std::size_t i, unsigned) {
      using dense::blas::form;
      dense::blas::gemm(form::plain, form::transposed, n, n, n, 1, a[i].data(), n, a[i].data(), n, 0, c[i].data(), n);
    });
  };
  return 2.0 * n * n * n * pool.size() / median_seconds(5, multiply) * 1e-9;
}

// USER_ID,ITEM_ID,TIMESTAMP..., as generate_movielens_shape writes them.
interactions read_plain_csv(const char* file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  std::vector<std::string> ids;
  std::vector<std::uint32_t> number;
  interactions events;
  std::unordered_map<std::string, std::uint32_t> numbers;
  while (std::getline(in, line)) {
    const std::size_t first = line.find(','), second = line.find(',', first + 1);
    std::uint64_t user = 0;
    std::from_chars(line.data() + line.find_first_of("0123456789"), line.data() + first, user);
    const auto known = numbers.try_emplace(line.substr(first + 1, second - first - 1), numbers.size());
    events.subject.push_back(core::subject_handle(user + 1));
    number.push_back(known.first->second);
    events.time.push_back(0);
  }
  ids.resize(numbers.size());
  for (const auto& [id, n] : numbers) {
    ids[n] = id;
  }
  events.items = std::make_shared<const catalogue>(ids);
  for (const std::uint32_t n : number) {
    events.item.push_back(*events.items->find(ids[n]));
  }
  return events;
}

void measure(const interactions& events, const std::vector<testing::test_user>& users, int repetitions, bool wide) {
  core::thread_pool pool;
  core::job job;
  const training_context context{pool, job};
  std::unique_ptr<model> trained;
  const auto train = [&](const char* parameters) {
    return median_seconds(repetitions, [&] {
      trained.reset();
      trained = ease_family().train({events, {}}, parameters, context);
    });
  };
  const double narrow_s = train(R"({"precision":"float32"})");
  const double wide_s = wide ? train(R"({"precision":"float64"})") : 0;
  const preferences& rows = trained->learned_from();
  std::uint32_t items = 0;
  const double gram_s = median_seconds(repetitions, [&] { items = gram_matrix::of(rows, pool, job).n(); });
  std::vector<float> scores(rows.items->size());
  std::vector<std::vector<preference>> histories;
  for (const testing::test_user& user : users) {
    histories.push_back(user.history);
  }
  for (std::uint32_t row = 0; users.empty() && row < std::min(300U, rows.rows()); ++row) {
    histories.push_back(rows.history_of(row));
  }
  std::size_t past = 0;
  const double score_s = median_seconds(5, [&] {
    past = 0;
    for (const auto& history : histories) {
      trained->current()->score({history}, scores);
      past += history.size();
    }
  });
  const auto people = static_cast<double>(histories.size());
  fmt::print(R"({{"items": {}, "people": {}, "pairs": {}, "threads": {}, "train_float32_s": {:.4f}, )"
             R"("train_float64_s": {:.4f}, "gram_s": {:.4f}, "score_us": {:.2f}, "rows_a_history": {:.1f}, )"
             R"("gemm_gflops": {:.1f}}})"
             "\n",
             items, rows.rows(), rows.size(), pool.size(), narrow_s, wide_s, gram_s, score_s / people * 1e6,
             static_cast<double>(past) / people, gemm_gflops(pool));
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  if (what == "movielens" && argc > 2) {
    measure(read_plain_csv(argv[2]), {}, 1, false);
    return 0;
  }
  if (what == "retail") {
    const auto data = testing::online_retail::read();
    if (!data) {
      fmt::print(stderr, "the Online Retail data are absent: set EUNOMIA_SHARED\n");
      return 1;
    }
    measure(data->train, data->users, argc > 2 ? std::atoi(argv[2]) : 5, true);
    return 0;
  }
  fmt::print(stderr, "usage: ease retail [REPETITIONS] | ease movielens FILE.csv\n");
  return 2;
}
