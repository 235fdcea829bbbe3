// What a person's rights cost whoever does not use them: events in and recommendations out, with identifiers sealed and
// found by a keyed digest, a key for each person, and purposes asked; beside the same with identifiers in the clear.
// Events and answers write nothing to the audit log: requests and choices do.
//
//   rights_cost [--seconds N] [--only TEXT]    figures whose names hold the text
//
// Prints one JSON object per figure. In turn, five rounds each; medians.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "core/job.h"
#include "core/temporary_directory.h"
#include "core/thread_pool.h"
#include "plain_directory.h"
#include "recommend/answering.h"
#include "recommend/dataset.h"
#include "recommend/model_registry.h"
#include "recommend/recommenders.h"
#include "store/blob/blob_store.h"
#include "store/sql/database.h"
#include "store/table/table_store.h"
#include "subject/directory.h"

namespace {

using namespace eunomia;
using clock_type = std::chrono::steady_clock;

constexpr int rounds = 5;
constexpr double goal = 1.15;
constexpr std::uint64_t people = 20'000;
constexpr std::uint64_t items = 2'000;
constexpr std::size_t events_each = 50;
// So that purposes have something to look through.
constexpr std::uint64_t objecting = people / 100;

double seconds_since(clock_type::time_point begin) {
  return std::chrono::duration<double>(clock_type::now() - begin).count();
}

double median(std::vector<double> of) {
  std::ranges::sort(of);
  return of[of.size() / 2];
}

core::purpose purpose() {
  return core::purpose("recommendation");
}

// A house whose identifiers are sealed, or plain.
struct house {
  explicit house(bool sealed) {
    if (sealed) {
      directory = subject::open_directory(*sql, keys);
    } else {
      directory = std::make_unique<bench::plain_directory>(*sql);
    }
    datasets = std::make_unique<recommend::datasets>(*sql, *tables, *directory, purposes);
    recommend::dataset_description description;
    description.name = "shop";
    dataset = std::make_unique<recommend::dataset>(datasets->create(description));
    recommenders = std::make_unique<recommend::recommenders>(*sql, *datasets, models);
    answering =
        std::make_unique<recommend::answering>(*datasets, *recommenders, *directory, "user", purpose(), purposes, pool);
  }

  static std::unique_ptr<store::sql::database> open_in(const std::filesystem::path& folder) {
    auto opened = store::sql::database::open((folder / "eunomia.db").string());
    opened->migrate(subject::directory_migrations());
    opened->migrate(recommend::model_registry_migrations());
    return opened;
  }

  core::temporary_directory folder;
  core::thread_pool pool;
  std::unique_ptr<store::sql::database> sql = open_in(folder.path());
  std::shared_ptr<subject::vault> keys = subject::open_vault(*sql, folder.path() / "keys");
  std::unique_ptr<store::blob_store> blobs = store::open_disk_blob_store(folder.path() / "blobs");
  subject::purposes purposes{*sql};
  std::unique_ptr<store::table::table_store> tables =
      store::table::open_table_store(*sql, *blobs, folder.path() / "blobs", purposes, *keys);
  recommend::model_registry models{*sql, *blobs};
  std::unique_ptr<subject::durable_directory> directory;
  std::unique_ptr<recommend::datasets> datasets;
  std::unique_ptr<recommend::dataset> dataset;
  std::unique_ptr<recommend::recommenders> recommenders;
  std::unique_ptr<recommend::answering> answering;
};

std::string user(std::uint64_t number) {
  return fmt::format("user-{:08}", number);
}

recommend::event event_of(std::string who, std::mt19937_64& random) {
  recommend::event made;
  made.user_id = std::move(who);
  // People have tastes: most of what they look at is of one tenth of the shop.
  const std::uint64_t taste = std::hash<std::string>{}(made.user_id) % 10;
  const std::uint64_t item = random() % 4 == 0 ? random() % items : taste * (items / 10) + random() % (items / 10);
  made.item_id = fmt::format("item-{:06}", item);
  made.event_type = "view";
  return made;
}

void fill(house& in) {
  std::mt19937_64 random(1);
  std::vector<recommend::event> batch;
  for (std::uint64_t who = 0; who < people; ++who) {
    for (std::size_t i = 0; i < events_each; ++i) {
      batch.push_back(event_of(user(who), random));
    }
    if (batch.size() >= 5000) {
      in.dataset->record(batch);
      batch.clear();
    }
  }
  core::job job;
  in.dataset->settle(in.pool, job);
  for (std::uint64_t who = 0; who < objecting; ++who) {
    in.purposes.choose(*in.directory->find("user", user(people - 1 - who)), purpose(), subject::choice::object);
  }
  recommend::recommender_record wanted;
  wanted.name = "shop";
  wanted.dataset = "shop";
  in.recommenders->create(wanted);
  in.recommenders->train("shop", purpose(), {in.pool, job});
}

// Seconds for one event, from so many threads with batches of one size.
double record(house& in, unsigned threads, std::size_t batch, double seconds, bool newcomers) {
  static std::atomic<std::uint64_t> seed = 100;
  static std::atomic<std::uint64_t> stranger = 0;
  std::atomic<std::uint64_t> recorded = 0;
  const auto begin = clock_type::now();
  std::vector<std::thread> visitors;
  for (unsigned t = 0; t < threads; ++t) {
    visitors.emplace_back([&] {
      std::mt19937_64 random(++seed);
      std::vector<recommend::event> events;
      while (seconds_since(begin) < seconds) {
        events.clear();
        for (std::size_t i = 0; i < batch; ++i) {
          std::string who = newcomers ? fmt::format("{:016x}{:016x}", random(), ++stranger) : user(random() % people);
          events.push_back(event_of(std::move(who), random));
        }
        recorded += in.dataset->record(events).recorded;
      }
    });
  }
  for (std::thread& visitor : visitors) {
    visitor.join();
  }
  const double each = seconds_since(begin) / static_cast<double>(recorded);
  core::job job;
  in.dataset->settle(in.pool, job);
  return each;
}

// Seconds for one answer, one thread, of people whose histories are in memory.
double recommend_to(house& in, double seconds) {
  core::job job;
  in.answering->warm_up(job);
  std::mt19937_64 random(3);
  std::uint64_t answers = 0;
  const auto begin = clock_type::now();
  while (seconds_since(begin) < seconds) {
    in.answering->recommend("shop", {.who = {.user = user(random() % people), .visited = {}}});
    ++answers;
  }
  return seconds_since(begin) / static_cast<double>(answers);
}

// Seconds to ask whether somebody may be read, which answers do twice and events once.
double ask_purposes(const house& in) {
  constexpr std::uint64_t times = 2'000'000;
  std::uint64_t admitted = 0;
  const core::purpose why = purpose();
  const auto begin = clock_type::now();
  for (std::uint64_t i = 0; i < times; ++i) {
    admitted += in.purposes.admission_for(why)->admits(core::subject_handle(1 + i % people)) ? 1 : 0;
  }
  const double each = seconds_since(begin) / static_cast<double>(times);
  if (admitted == 0 || admitted == times) {
    throw core::error(core::errc::internal, "the purposes were not asked");
  }
  return each;
}

std::string_view wanted;

void compare(std::string_view what, house& sealed, house& plain, double purposes_of_one,
             const std::function<double(house&)>& one) {
  if (what.find(wanted) == std::string_view::npos) {
    return;
  }
  std::vector<double> with;
  std::vector<double> without;
  for (int round = 0; round < rounds; ++round) {
    with.push_back(one(sealed));
    without.push_back(one(plain));
  }
  // Purposes are asked in both: what they take is taken out of the plain one.
  const double ours = median(with);
  const double theirs = median(without) - purposes_of_one;
  fmt::print(R"({{"bench": "rights_cost", "figure": "{}", "unit": "us", "better": "lower", "ours": {:.3f}, )"
             R"("peer": "identifiers in the clear, no purposes", "theirs": {:.3f}, "goal": "< 15 % more", "met": {}, )"
             R"("note": "{:+.1f} %; asking the purposes is {:.3f} us of it"}})"
             "\n",
             what, ours * 1e6, theirs * 1e6, ours < goal * theirs, (ours / theirs - 1) * 100, purposes_of_one * 1e6);
  std::fflush(stdout);
}

void run(double seconds) {
  house sealed(true);
  house plain(false);
  fill(sealed);
  fill(plain);
  const double asking = ask_purposes(sealed);
  compare("an event of somebody known, in batches of 500, 4 threads", sealed, plain, asking,
          [&](house& in) { return record(in, 4, 500, seconds, false); });
  compare("an event of somebody new, in batches of 500, 4 threads", sealed, plain, asking,
          [&](house& in) { return record(in, 4, 500, seconds, true); });
  compare("an event alone, 32 threads", sealed, plain, asking,
          [&](house& in) { return record(in, 32, 1, seconds, false); });
  compare("25 recommendations of an EASE model of 2,000 items", sealed, plain, 2 * asking,
          [&](house& in) { return recommend_to(in, seconds); });
}

}  // namespace

int main(int count, char** arguments) {
  try {
    double seconds = 2;
    for (int i = 1; i + 1 < count; i += 2) {
      const std::string_view value = arguments[i + 1];
      if (std::string_view(arguments[i]) == "--seconds") {
        std::from_chars(value.data(), value.data() + value.size(), seconds);
      } else if (std::string_view(arguments[i]) == "--only") {
        wanted = value;
      }
    }
    run(seconds);
    return 0;
  } catch (const std::exception& problem) {
    fmt::print(stderr, "{}\n", problem.what());
    return 1;
  }
}
