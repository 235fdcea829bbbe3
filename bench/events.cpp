// What it takes to record events that are durable when they are acknowledged, and to read what somebody did:
//
//   events [--seconds N] [--folder DIR]
//
// Works in a temporary folder (in DIR, where the disk matters) and prints one JSON object per figure.
#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <functional>
#include <mutex>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "core/job.h"
#include "core/memory.h"
#include "core/temporary_directory.h"
#include "core/thread_pool.h"
#include "recommend/dataset.h"
#include "recommend/family.h"
#include "recommend/folding.h"
#include "recommend/live_history.h"
#include "store/blob/blob_store.h"
#include "store/sql/database.h"
#include "store/table/table_store.h"
#include "subject/directory.h"

namespace {

using namespace eunomia;
using clock_type = std::chrono::steady_clock;

constexpr std::uint64_t people = 100'000;
constexpr std::uint64_t items = 20'000;

double seconds_since(clock_type::time_point begin) {
  return std::chrono::duration<double>(clock_type::now() - begin).count();
}

void print(std::string_view figure, double value, std::string_view unit, unsigned threads) {
  fmt::print("{{\"figure\":\"{}\",\"value\":{:.4g},\"unit\":\"{}\",\"threads\":{}}}\n", figure, value, unit, threads);
  std::fflush(stdout);
}

recommend::event random_event(std::mt19937_64& random, bool with_id) {
  recommend::event made;
  made.user_id = fmt::format("user-{:08}", random() % people);
  made.item_id = fmt::format("item-{:06}", random() % items);
  made.event_type = random() % 10 == 0 ? "buy" : "view";
  if (with_id) {
    made.event_id = fmt::format("{:016x}{:016x}", random(), random());
  }
  return made;
}

struct shop {
  explicit shop(const std::filesystem::path& folder)
      : sql(store::sql::database::open((folder / "eunomia.db").string())),
        blobs(store::open_disk_blob_store(folder / "blobs")) {
    sql->migrate(subject::directory_migrations());
    purposes = std::make_unique<subject::purposes>(*sql);
    keys = subject::open_vault(*sql, folder / "keys");
    tables = store::table::open_table_store(*sql, *blobs, folder / "blobs", *purposes, *keys);
    directory = subject::open_directory(*sql, keys);
    datasets = std::make_unique<recommend::datasets>(*sql, *tables, *directory, *purposes);
    recommend::dataset_description description;
    description.name = "shop";
    dataset = std::make_unique<recommend::dataset>(datasets->create(description));
  }
  std::unique_ptr<store::sql::database> sql;
  std::unique_ptr<store::blob_store> blobs;
  std::unique_ptr<subject::purposes> purposes;
  std::shared_ptr<subject::vault> keys;
  std::unique_ptr<store::table::table_store> tables;
  std::unique_ptr<subject::durable_directory> directory;
  std::unique_ptr<recommend::datasets> datasets;
  std::unique_ptr<recommend::dataset> dataset;
};

double processor_seconds() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

// Events a second, from so many threads, each with batches of one size; the slowest call of a hundred.
void record(shop& in, std::string_view figure, unsigned threads, std::size_t batch, double seconds, bool with_ids) {
  static std::uint64_t seed = 0;  // other events than before: these would be duplicates
  std::atomic<std::uint64_t> recorded = 0;
  std::mutex mutex;
  std::vector<double> latencies;
  const double processor_before = processor_seconds();
  const auto begin = clock_type::now();
  std::vector<std::thread> visitors;
  for (unsigned t = 0; t < threads; ++t) {
    visitors.emplace_back([&, own_seed = ++seed] {
      std::mt19937_64 random(own_seed);
      std::vector<double> own;
      while (seconds_since(begin) < seconds) {
        std::vector<recommend::event> events;
        for (std::size_t i = 0; i < batch; ++i) {
          events.push_back(random_event(random, with_ids));
        }
        const auto call = clock_type::now();
        recorded += in.dataset->record(events).recorded;
        own.push_back(seconds_since(call));
      }
      const std::lock_guard lock(mutex);
      latencies.insert(latencies.end(), own.begin(), own.end());
    });
  }
  for (std::thread& visitor : visitors) {
    visitor.join();
  }
  print(figure, static_cast<double>(recorded) / seconds_since(begin), "events/s", threads);
  print(fmt::format("{}_processor", figure),
        (processor_seconds() - processor_before) * 1e6 / static_cast<double>(recorded), "us/event", threads);
  std::sort(latencies.begin(), latencies.end());
  print(fmt::format("{}_p99", figure), latencies[latencies.size() * 99 / 100] * 1e3, "ms", threads);
}

// What a recommendation asks for before it is scored, of people with fifty events each, all of them in memory.
void read(double seconds) {
  const core::temporary_directory folder;
  shop in(folder.path());
  core::thread_pool pool;
  core::job job;
  constexpr std::size_t visitors = 500;
  constexpr std::size_t events_each = 50;
  constexpr unsigned threads = 16;
  std::mt19937_64 random(7);
  for (std::size_t v = 0; v < visitors; ++v) {
    std::vector<recommend::event> events;
    for (std::size_t i = 0; i < events_each; ++i) {
      events.push_back(random_event(random, false));
      events.back().user_id = fmt::format("visitor-{}", v);
    }
    in.dataset->record(events);
  }
  const core::purpose why = in.dataset->description().purposes.front();
  const recommend::interactions learned = in.dataset->load_interactions(why, pool, job);
  const recommend::side_features none;
  const auto model = recommend::family_named("popularity").train({learned, none}, "{}", {pool, job});
  const auto scorer = model->current();
  const recommend::folding fold(*model, *in.dataset);
  recommend::live_history live(*in.dataset);
  std::vector<core::subject_handle> who;
  for (std::size_t v = 0; v < visitors; ++v) {
    who.push_back(*in.directory->find("user", fmt::format("visitor-{}", v)));
    const auto begin = clock_type::now();
    live.history_of(who.back(), why);
    if (v + 1 == visitors) {
      print("history_miss", seconds_since(begin) * 1e3, "ms", 1);
    }
  }
  for (const bool folded : {false, true}) {
    std::atomic<std::uint64_t> reads = 0;
    std::atomic<std::uint64_t> found = 0;
    const auto begin = clock_type::now();
    std::vector<std::thread> readers;
    for (unsigned t = 0; t < threads; ++t) {
      readers.emplace_back([&, t] {
        std::mt19937_64 own(t);
        std::uint64_t count = 0;
        std::uint64_t pairs = 0;
        while (seconds_since(begin) < seconds) {
          for (int i = 0; i < 100; ++i, ++count) {
            const auto known = live.history_of(who[own() % visitors], why);
            pairs += folded ? fold.fold_in(*known, *scorer).history.size() : known->events.size();
          }
        }
        reads += count;
        found += pairs;
      });
    }
    for (std::thread& reader : readers) {
      reader.join();
    }
    if (found < reads) {
      throw core::error(core::errc::internal, "histories were empty");
    }
    print(folded ? "history_hit_and_fold" : "history_hit", static_cast<double>(reads) / seconds_since(begin), "reads/s",
          threads);
  }
}

void run(const std::filesystem::path& folder, double seconds) {
  read(seconds);
  shop in(folder);
  core::thread_pool pool;
  core::job job;
  record(in, "events_batched_new_people", 4, 500, seconds, true);
  record(in, "events_batched", 4, 500, seconds, true);
  record(in, "events_batched_without_ids", 4, 500, seconds, false);
  const std::uint64_t waiting = in.dataset->waiting().events;
  const auto begin = clock_type::now();
  in.dataset->settle(pool, job);
  print("settle", static_cast<double>(waiting) / seconds_since(begin), "events/s", pool.size());
  record(in, "events_batched_after_settling", 4, 500, seconds, true);
  record(in, "events_single", 32, 1, seconds, true);
  {
    std::atomic<bool> stop = false;
    std::thread background([&] {
      while (!stop) {
        in.dataset->settle(pool, job);
        std::this_thread::sleep_for(std::chrono::seconds(1));
      }
    });
    record(in, "events_single_while_settling", 32, 1, seconds, true);
    record(in, "events_batched_while_settling", 4, 500, seconds, true);
    stop = true;
    background.join();
  }
  print("peak_memory", static_cast<double>(core::peak_resident_bytes()) / 1e6, "MB", 0);
}

}  // namespace

int main(int count, char** arguments) {
  try {
    double seconds = 5;
    std::filesystem::path folder;
    for (int i = 1; i + 1 < count; i += 2) {
      const std::string_view name = arguments[i];
      const std::string_view value = arguments[i + 1];
      if (name == "--seconds") {
        std::from_chars(value.data(), value.data() + value.size(), seconds);
      } else if (name == "--folder") {
        folder = value;
      }
    }
    if (!folder.empty()) {
      ::setenv("TMPDIR", folder.c_str(), 1);
    }
    const core::temporary_directory own;
    run(own.path(), seconds);
    return 0;
  } catch (const std::exception& problem) {
    fmt::print(stderr, "{}\n", problem.what());
    return 1;
  }
}
