// What every family promises when it forgets, tried on small random shops.

#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <set>
#include <thread>

#include "core/file.h"
#include "core/temporary_directory.h"
#include "recommend/family.h"
#include "recommend/testing.h"

namespace eunomia::recommend {
namespace {

using core::subject_handle;
using testing::events_without;
using testing::random_shop;
using testing::scores_of;
using testing::workshop;

class forgetting : public testing::every_family {
 protected:
  std::string bytes_of(const model& m) const {
    m.save(folder_.path() / "model");
    return core::read_file(folder_.path() / "model");
  }

  // Events that decay, so that every weight is tried, from a moment that no forgetting moves.
  static std::string parameters(bool weighted) {
    return weighted ? R"({"weighting":{"event_weights":{"view":0.4},"half_life_days":90,"as_of":34560000000}})"
                    : R"({"weighting":{"as_of":34560000000}})";
  }

  bool is_exact() const { return GetParam()->forgets() != forgetting_level::converged; }

  // Forgets batch after batch and compares the saved model with one trained without all of them.
  void expect_retrained_bits(unsigned seed, std::size_t batch, bool weighted) {
    SCOPED_TRACE(fmt::format("seed {}, batches of {}, {}", seed, batch, weighted ? "weighted" : "plain"));
    std::mt19937_64 random(seed);
    const auto people = static_cast<std::uint32_t>(2 + random() % 25);
    const auto events = random_shop(random, people, static_cast<std::uint32_t>(2 + random() % 60), 6);
    workshop shop;
    const auto m = GetParam()->train({events, {}}, parameters(weighted), shop.context());
    std::vector<subject_handle> order = m->learned_from().subjects;
    std::shuffle(order.begin(), order.end(), random);
    std::vector<subject_handle> gone;
    while (m->learned_from().rows() > batch) {
      const auto from = order.begin() + static_cast<std::ptrdiff_t>(gone.size());
      std::vector<subject_handle> now(from, from + static_cast<std::ptrdiff_t>(batch));
      gone.insert(gone.end(), now.begin(), now.end());
      now.push_back(subject_handle(12345));  // nobody's
      now.push_back(now.front());            // asked twice
      const auto report = m->forget(now, shop.context());
      ASSERT_EQ(report.subjects, batch);
      m->rederive(shop.context());
      const auto retrained = GetParam()->train({events_without(events, gone), {}}, m->parameters(), shop.context());
      // Each save waits for the disk: files are compared now and then, and at the end.
      if (random() % 4 == 0 || m->learned_from().rows() <= batch) {
        ASSERT_TRUE(bytes_of(*m) == bytes_of(*retrained)) << "after " << gone.size() << " of " << people;
      }
      const auto history = m->learned_from().history_of(0);
      ASSERT_EQ(scores_of(*m->current(), {history}), scores_of(*retrained->current(), {history}));
      ASSERT_EQ(scores_of(*m->current(), {}), scores_of(*retrained->current(), {}));
      ASSERT_EQ(*m->people_by_item(), *retrained->people_by_item());
    }
  }

 private:
  core::temporary_directory folder_;
};

TEST_P(forgetting, one_by_one_leaves_the_bytes_of_a_model_that_never_saw_them) {
  if (!is_exact()) {
    GTEST_SKIP() << GetParam()->name() << " converges, see its own tests";
  }
  const auto seed = std::random_device{}();
  for (unsigned i = 0; i < 3; ++i) {
    expect_retrained_bits(seed + i, 1, i % 2 == 1);
  }
}

TEST_P(forgetting, in_batches_leaves_the_bytes_of_a_model_that_never_saw_them) {
  if (!is_exact()) {
    GTEST_SKIP() << GetParam()->name() << " converges, see its own tests";
  }
  const auto seed = std::random_device{}();
  for (unsigned i = 0; i < 8; ++i) {
    expect_retrained_bits(seed + i, 2 + i % 5, i % 2 == 1);
  }
}

TEST_P(forgetting, everybody_leaves_a_model_that_knows_nothing) {
  std::mt19937_64 random(7);
  const auto events = random_shop(random, 12, 10, 4);
  workshop shop;
  const auto m = GetParam()->train({events, {}}, parameters(false), shop.context());
  const auto everybody = m->learned_from().subjects;
  const auto report = m->forget(everybody, shop.context());
  EXPECT_EQ(report.subjects, everybody.size());
  EXPECT_EQ(m->learned_from().size(), 0U);
  for (const float score : scores_of(*m->current(), {})) {
    EXPECT_FALSE(score > 0) << score;
  }
  core::temporary_directory folder;
  m->save(folder.path() / "empty");
  EXPECT_EQ(load_model(folder.path() / "empty", shop.context())->learned_from().rows(), 0U);
}

TEST_P(forgetting, nobody_known_changes_nothing) {
  std::mt19937_64 random(8);
  const auto events = random_shop(random, 12, 10, 4);
  workshop shop;
  const auto m = GetParam()->train({events, {}}, parameters(false), shop.context());
  const std::string before = bytes_of(*m);
  const subject_handle stranger(12345);
  EXPECT_EQ(m->forget(std::span(&stranger, 1), shop.context()).subjects, 0U);
  EXPECT_EQ(m->forget({}, shop.context()).subjects, 0U);
  EXPECT_TRUE(bytes_of(*m) == before);
}

TEST_P(forgetting, works_on_a_model_that_was_saved_and_opened) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::mt19937_64 random(seed);
  const auto events = random_shop(random, 20, 25, 5);
  workshop shop;
  const auto trained = GetParam()->train({events, {}}, parameters(true), shop.context());
  core::temporary_directory folder;
  trained->save(folder.path() / "saved");
  const auto opened = load_model(folder.path() / "saved", shop.context());
  EXPECT_EQ(opened->family(), GetParam()->name());
  EXPECT_EQ(opened->parameters(), trained->parameters());
  EXPECT_TRUE(bytes_of(*opened) == bytes_of(*trained));
  const std::vector<subject_handle> gone = {trained->learned_from().subjects[3], trained->learned_from().subjects[9]};
  (void)trained->forget(gone, shop.context());
  (void)opened->forget(gone, shop.context());
  trained->rederive(shop.context());
  opened->rederive(shop.context());
  EXPECT_TRUE(bytes_of(*opened) == bytes_of(*trained));
}

TEST_P(forgetting, gives_the_same_bytes_at_any_number_of_threads) {
  std::mt19937_64 random(9);
  const auto events = random_shop(random, 40, 50, 8);
  workshop one(1);
  workshop three(3);
  const auto a = GetParam()->train({events, {}}, parameters(true), one.context());
  const auto b = GetParam()->train({events, {}}, parameters(true), three.context());
  EXPECT_TRUE(bytes_of(*a) == bytes_of(*b));
  const std::vector<subject_handle> gone = {a->learned_from().subjects[5]};
  (void)a->forget(gone, one.context());
  (void)b->forget(gone, three.context());
  EXPECT_TRUE(bytes_of(*a) == bytes_of(*b));
}

// Readers ask while people are forgotten; each answer must be that of one of the models that were published.
TEST_P(forgetting, readers_see_the_model_before_or_after_never_between) {
  std::mt19937_64 random(10);
  const auto events = random_shop(random, 30, 30, 8);
  workshop shop;
  const auto m = GetParam()->train({events, {}}, parameters(false), shop.context());
  const auto everybody = m->learned_from().subjects;
  const auto history = m->learned_from().history_of(0);
  const person who{history};
  std::set<std::vector<float>> published = {scores_of(*m->current(), who)};

  std::atomic<bool> stop = false;
  std::vector<std::set<std::vector<float>>> seen(2);
  std::vector<std::thread> readers;
  for (auto& answers : seen) {
    readers.emplace_back([&] {
      do {
        answers.insert(scores_of(*m->current(), who));
      } while (!stop);
    });
  }
  for (std::size_t i = 1; i < everybody.size(); ++i) {
    (void)m->forget(std::span(&everybody[i], 1), shop.context());
    published.insert(scores_of(*m->current(), who));
  }
  stop = true;
  for (std::thread& reader : readers) {
    reader.join();
  }
  for (const auto& answers : seen) {
    for (const auto& answer : answers) {
      EXPECT_TRUE(published.contains(answer));
    }
  }
}

TEST_P(forgetting, a_cancelled_request_changes_nothing) {
  std::mt19937_64 random(11);
  const auto events = random_shop(random, 12, 10, 4);
  workshop shop;
  const auto m = GetParam()->train({events, {}}, parameters(false), shop.context());
  const std::string before = bytes_of(*m);
  workshop impatient;
  impatient.job.cancel();
  (void)testing::message_of(core::errc::cancelled,
                            [&] { (void)m->forget(m->learned_from().subjects, impatient.context()); });
  EXPECT_TRUE(bytes_of(*m) == before);
}

INSTANTIATE_TEST_SUITE_P(by, forgetting, ::testing::ValuesIn(families().begin(), families().end()),
                         testing::name_of_family);

}  // namespace
}  // namespace eunomia::recommend
