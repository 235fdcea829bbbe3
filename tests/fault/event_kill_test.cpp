#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <iterator>
#include <random>

#include "kill.h"
#include "plan.h"
#include "recorded_shop.h"

namespace eunomia::fault {
namespace {

constexpr int default_kills = 8;
constexpr int runs_in_one_folder = 4;
constexpr std::size_t events_asked_at_once = 2000;
constexpr std::chrono::microseconds longest_life(700'000);

// Every acknowledged batch is there, whole and once, and is known by its ids.
void check_events(const std::filesystem::path& folder, const acknowledged& all, bool settle_first) {
  const recorded_shop shop(folder);
  const core::purpose why = shop.dataset->description().purposes.front();
  core::thread_pool pool(2);
  core::job job;
  const auto events = all.find("events");
  const std::set<std::int64_t> batches = events == all.end() ? std::set<std::int64_t>() : events->second;
  if (settle_first) {
    shop.dataset->settle(pool, job);
  }
  // Many batches in one request: this asks what is known, not how it came.
  std::vector<recommend::event> again;
  const auto expect_known = [&] {
    EXPECT_EQ(shop.dataset->record(again).duplicates, again.size()) << "up to event " << again.back().event_id;
    again.clear();
  };
  for (const std::int64_t first : batches) {
    std::ranges::move(numbered_batch(first), std::back_inserter(again));
    if (again.size() >= events_asked_at_once) {
      expect_known();
    }
  }
  if (!again.empty()) {
    expect_known();
  }
  std::set<std::int64_t> found;
  const auto rows = shop.dataset->load_interactions(why, pool, job);
  for (const std::int64_t number : rows.time) {
    EXPECT_TRUE(found.insert(number).second) << "event " << number << " is there twice";
  }
  for (const std::int64_t first : batches) {
    for (std::int64_t n = first; n < first + events_per_batch; ++n) {
      EXPECT_TRUE(found.contains(n)) << "event " << n << " was acknowledged";
    }
  }
  EXPECT_EQ(found.size() % events_per_batch, 0U) << "a batch is there by half";
  EXPECT_EQ(shop.dataset->statistics().interactions, found.size());
  // Each history is a query of its own: after every kill another twelfth of the people.
  for (std::int64_t user = static_cast<std::int64_t>(found.size()) % 12; user < 97; user += 12) {
    if (const auto who = shop.people->find("user", numbered_event(user).user_id)) {
      std::size_t expected = 0;
      for (const std::int64_t n : found) {
        expected += n % 97 == user ? 1 : 0;
      }
      EXPECT_EQ(shop.dataset->history_of(*who, why).size(), expected);
    }
  }
}

TEST(kill, leaves_every_acknowledged_event_once) {
  const unsigned seed = std::random_device{}();
  const int kills = kills_to_do(default_kills);
  std::cout << "seed " << seed << ", " << kills << " kills" << std::endl;
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  std::uniform_int_distribution<std::int64_t> life(50'000, longest_life.count());
  std::size_t batches = 0;
  std::size_t settlements = 0;
  for (int done = 0; done < kills && !testing::Test::HasFailure();) {
    std::string name = (std::filesystem::temp_directory_path() / "eunomia-fault-XXXXXX").string();
    const std::filesystem::path folder = ::mkdtemp(name.data());
    acknowledged all;
    for (int run = 1; run <= runs_in_one_folder && done < kills; ++run, ++done) {
      SCOPED_TRACE("kill " + std::to_string(done));
      remember(run_and_kill(EUNOMIA_FAULT_RECORDER, folder, run, std::chrono::microseconds(life(random))), all);
      check_events(folder, all, random() % 2 == 0);
    }
    batches += all["events"].size();
    settlements += all["settled"].size();
    std::filesystem::remove_all(folder);
  }
  std::cout << batches << " batches and " << settlements << " settlements checked" << std::endl;
  EXPECT_GT(batches, 0U);
}

}  // namespace
}  // namespace eunomia::fault
