// Forgetting people in EASE, one after another, against a retrain without them, on Online Retail:
//
//   forgetting [ERASURES]
//
// What the milliseconds go to, for n items in float64: reading and writing half of P (4 n^2 bytes each), writing the
// square that answers come from (4 n^2 bytes past the caches), and for each item of the person a row and a column of
// the half. 161 MB at 3,665 items; the figure "memory floor" is the time in which this machine moves as many bytes in
// the same proportion of reads and writes.
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <cstring>
#include <random>

#include "recommend/dense/downdate.h"
#include "recommend/ease.h"
#include "recommend/online_retail.h"

namespace {

using namespace eunomia;
using namespace eunomia::recommend;
using core::subject_handle;

double seconds_of(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// Of all threads of the process.
double processor_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

interactions without(const interactions& events, const std::vector<subject_handle>& sorted_gone) {
  interactions rest;
  rest.items = events.items;
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (!std::binary_search(sorted_gone.begin(), sorted_gone.end(), events.subject[i])) {
      rest.subject.push_back(events.subject[i]);
      rest.item.push_back(events.item[i]);
      rest.time.push_back(events.time[i]);
    }
  }
  return rest;
}

// Two arrays of half the matrix in float64, one read and written in place, one only written: the traffic of a
// downdate, without any arithmetic to speak of.
double memory_floor_s(std::uint32_t n, core::thread_pool& pool) {
  const std::size_t half = std::size_t{n} * n / 2;
  std::vector<double> updated(half, 1), written(half, 1);
  std::vector<double> times;
  for (int repetition = 0; repetition < 15; ++repetition) {
    times.push_back(seconds_of([&] {
      constexpr std::size_t chunk = 1 << 16;
      pool.for_each((half + chunk - 1) / chunk, [&](std::size_t c, unsigned) {
        const std::size_t end = std::min(half, (c + 1) * chunk);
        for (std::size_t i = c * chunk; i < end; ++i) {
          updated[i] += 1;
        }
        std::memset(written.data() + c * chunk, repetition, (end - c * chunk) * sizeof(double));
      });
    }));
  }
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t erasures = argc > 1 ? static_cast<std::size_t>(std::atoi(argv[1])) : 1000;
  const auto data = testing::online_retail::read();
  if (!data) {
    fmt::print(stderr, "the Online Retail data are absent: set EUNOMIA_SHARED\n");
    return 1;
  }
  core::thread_pool pool;
  core::job job;
  const training_context context{pool, job};
  const auto model = ease_family().train({data->train, {}}, R"({"precision":"float64"})", context);
  std::vector<subject_handle> gone = model->learned_from().subjects;
  std::shuffle(gone.begin(), gone.end(), std::mt19937_64(1000));
  gone.resize(std::min(erasures, gone.size()));
  std::vector<double> times;
  const double processor_before = processor_seconds();
  for (const subject_handle one : gone) {
    times.push_back(seconds_of([&] { (void)model->forget(std::span(&one, 1), context); }));
  }
  const double processor_ms = (processor_seconds() - processor_before) / static_cast<double>(times.size()) * 1e3;
  std::sort(times.begin(), times.end());
  std::sort(gone.begin(), gone.end());
  const interactions rest = without(data->train, gone);
  std::unique_ptr<recommend::model> retrained;
  std::vector<double> retrain;
  for (int i = 0; i < 3; ++i) {
    retrain.push_back(seconds_of([&] {
      retrained.reset();
      retrained = ease_family().train({rest, {}}, model->parameters(), context);
    }));
  }
  std::sort(retrain.begin(), retrain.end());
  const auto ours = testing::all_top_25(*model->current(), *data);
  const auto theirs = testing::all_top_25(*retrained->current(), *data);
  std::size_t differing = 0;
  for (std::size_t u = 0; u < ours.size(); ++u) {
    differing += ours[u] != theirs[u];
  }
  const double rederive_s = seconds_of([&] { model->rederive(context); });
  const double p50 = times[times.size() / 2] * 1e3, p99 = times[times.size() * 99 / 100] * 1e3;
  const std::uint32_t n = model->learned_from().items->size();
  fmt::print(
      R"({{"bench": "forgetting", "figure": "EASE forgets a person, p50 of {} at {} items", "unit": "ms", )"
      R"("better": "lower", "ours": {:.2f}, "peer": "retrain", "theirs": {:.1f}, "goal": "under 25 ms", )"
      R"("met": {}, "note": "p99 {:.2f} ms; {:.2f} ms of processor time over {} threads; memory floor {:.2f} ms for {:.0f} MB"}})"
      "\n",
      times.size(), n, p50, retrain[1] * 1e3, p50 < 25, p99, processor_ms, pool.size(), memory_floor_s(n, pool) * 1e3,
      12.0 * n * n / 1e6);
  fmt::print(R"({{"bench": "forgetting", "figure": "ordered top-25 lists that differ from a retrain, of {}", )"
             R"("better": "lower", "ours": {}, "goal": "0", "met": {}}})"
             "\n",
             ours.size(), differing, differing == 0);
  fmt::print(R"({{"bench": "forgetting", "figure": "EASE derived anew after {} erasures", "unit": "s", )"
             R"("better": "lower", "ours": {:.3f}, "peer": "retrain", "theirs": {:.3f}}})"
             "\n",
             times.size(), rederive_s, retrain[1]);
  return 0;
}
