#include "recommend/portable_file.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "core/error.h"
#include "core/file.h"
#include "core/temporary_directory.h"
#include "core/thread_pool.h"
#include "recommend/answer.h"
#include "recommend/family.h"
#include "recommend/imported.h"
#include "recommend/testing.h"

namespace eunomia::recommend {
namespace {

constexpr std::uint32_t people = 60;
constexpr std::uint32_t items = 20;

class portable_file_test : public ::testing::TestWithParam<const char*> {
 protected:
  // Everybody has some items around one of their own.
  static interactions events() {
    std::vector<std::string> ids;
    for (std::uint32_t i = 0; i < items; ++i) {
      ids.push_back(fmt::format("item-{:02}", i));
    }
    interactions made;
    made.items = std::make_shared<const catalogue>(ids);
    for (std::uint32_t who = 0; who < people; ++who) {
      for (std::uint32_t step = 0; step < 5; ++step) {
        made.subject.emplace_back(who + 1);
        made.item.push_back((who + step * step) % items);
        made.time.push_back(1'700'000'000'000 + std::int64_t{step} * 1000);
      }
    }
    return made;
  }

  std::filesystem::path trained(const char* family) {
    const auto all = events();
    const side_features none;
    const auto file = folder_.path() / "model";
    family_named(family)
        .train({all, none}, family == std::string("ials") ? R"({"factors": 8})" : "{}", {pool_, job_})
        ->save(file);
    return file;
  }

  std::filesystem::path handed_on(const char* family) {
    const auto file = folder_.path() / "model.npz";
    write_portable(portable_of(*model_file::open(trained(family))), file);
    return file;
  }

  static std::vector<float> scores(const scorer& of) {
    const std::vector<preference> history = {{3, 1, 0}, {7, 1, 0}};
    std::vector<float> all(of.items().size());
    of.score({.history = history}, all);
    return all;
  }

  core::temporary_directory folder_;
  core::thread_pool pool_{1};
  core::job job_;
};

TEST_P(portable_file_test, a_model_that_came_back_answers_as_it_did_and_holds_nobody) {
  const auto file = handed_on(GetParam());
  const auto original = load_model(folder_.path() / "model", {pool_, job_});
  const auto came = make_imported(read_portable(file));
  EXPECT_EQ(scores(*came->current()), scores(*original->current()));
  const auto as_pairs = [](const std::vector<scored_item>& some) {
    std::vector<std::pair<item_position, float>> pairs;
    for (const scored_item& one : some) {
      pairs.emplace_back(one.item, one.score);
    }
    return pairs;
  };
  EXPECT_EQ(as_pairs(came->current()->similar(3, 5)), as_pairs(original->current()->similar(3, 5)));
  EXPECT_EQ(came->learned_from().rows(), 0U);
  const core::subject_handle somebody(1);
  EXPECT_EQ(came->forget({&somebody, 1}, {pool_, job_}).level, forgetting_level::opaque);
  EXPECT_EQ(weighting_of(*came), weighting_of(*original));

  // It rests as a model file like any other, byte for byte the same each time.
  came->save(folder_.path() / "kept");
  const auto kept = load_model(folder_.path() / "kept", {pool_, job_});
  EXPECT_EQ(scores(*kept->current()), scores(*original->current()));
  kept->save(folder_.path() / "again");
  EXPECT_EQ(core::read_file(folder_.path() / "kept"), core::read_file(folder_.path() / "again"));
}

TEST_P(portable_file_test, the_same_model_gives_the_same_bytes) {
  const std::string first = core::read_file(handed_on(GetParam()));
  EXPECT_EQ(first, core::read_file(handed_on(GetParam())));
  EXPECT_EQ(first.substr(0, 4), "PK\x03\x04");
}

// Whatever is changed in a file, it is refused with a reason, or a model that answers with finite scores.
TEST_P(portable_file_test, a_damaged_file_is_refused_or_answers) {
  const std::string whole = core::read_file(handed_on(GetParam()));
  const auto file = folder_.path() / "damaged";
  const auto seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 400; ++round) {
    std::string bytes = whole;
    if (round % 8 == 0) {
      bytes.resize(random() % bytes.size());
    } else {
      for (int change = 0; change < 1 + round % 4; ++change) {
        bytes[random() % bytes.size()] = static_cast<char>(random());
      }
    }
    core::write_file(file, bytes);
    try {
      const auto came = make_imported(read_portable(file));
      (void)came->current()->similar(0, 3);
      for (const float score : scores(*came->current())) {
        EXPECT_FALSE(std::isnan(score));
      }
    } catch (const core::error& problem) {
      EXPECT_TRUE(problem.code() == core::errc::invalid_argument || problem.code() == core::errc::resource_exhausted)
          << problem.what();
    }
  }
}

// Behind checksums that fit.
TEST_P(portable_file_test, damaged_arrays_are_refused_or_answer) {
  const auto whole = portable_of(*model_file::open(trained(GetParam())));
  const auto seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 300; ++round) {
    portable_model wrong = whole;
    auto one = wrong.arrays.begin();
    std::advance(one, random() % wrong.arrays.size());
    portable_array& array = one->second;
    if (round % 5 == 0) {
      array.shape[random() % array.shape.size()] = random() % 3 == 0 ? UINT64_MAX : random() % 50;
    } else {
      const auto bytes = std::make_shared<std::vector<std::byte>>(array.bytes.view().begin(), array.bytes.view().end());
      for (int change = 0; change < 1 + round % 4; ++change) {
        (*bytes)[random() % bytes->size()] = static_cast<std::byte>(random());
      }
      array.bytes = {*bytes, bytes};
    }
    try {
      const auto came = make_imported(std::move(wrong));
      const std::vector<preference> history = {{3, 1, 0}, {7, 1, 0}};
      for (const recommendation& r : recommend(*came->current(), {.who = {.history = history}, .count = 5})) {
        EXPECT_TRUE(std::isfinite(r.score) && r.item < items);
        (void)came->current()->explain({.history = history}, r.item, 3);
        (void)came->current()->similar(r.item, 3);
      }
    } catch (const core::error&) {
      continue;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(families, portable_file_test, ::testing::Values("popularity", "item-knn", "ease", "ials"),
                         [](const auto& one) {
                           std::string name = one.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

using hostile_portable_test = portable_file_test;

// What checksums do not find, because somebody made it so.
TEST_F(hostile_portable_test, arrays_that_do_not_fit_are_refused) {
  const auto whole = portable_of(*model_file::open(trained("ials")));
  const auto refuses = [&](auto change) {
    portable_model wrong = whole;
    change(wrong);
    EXPECT_THROW((void)make_imported(std::move(wrong)), core::error);
  };
  refuses([](portable_model& m) { m.arrays.erase("spread"); });
  refuses([](portable_model& m) { m.arrays["item_factors"].shape = {items, 9}; });
  refuses([](portable_model& m) { m.arrays["item_factors"].shape = {std::uint64_t{1} << 63U, 2}; });
  refuses([](portable_model& m) { m.arrays["known"].type = array_type::float32; });
  refuses([](portable_model& m) { m.arrays["item_factors"] = m.arrays["known"]; });
  refuses([](portable_model& m) { m.items = std::make_shared<const catalogue>(); });
  refuses([](portable_model& m) { m.family = "session-knn"; });
  refuses([](portable_model& m) { m.parameters = R"({"factors": 100000000})"; });
  refuses([](portable_model& m) { m.parameters = R"({"unknown": 1})"; });
  refuses([](portable_model& m) {
    std::vector<float> bad(items * 8, std::numeric_limits<float>::quiet_NaN());
    const auto owner = std::make_shared<std::vector<float>>(std::move(bad));
    m.arrays["item_factors"].bytes = {std::as_bytes(std::span(*owner)), owner};
  });
  refuses([](portable_model& m) {
    const auto owner = std::make_shared<std::vector<float>>(items * 8, 1e20F);
    m.arrays["item_factors"].bytes = {std::as_bytes(std::span(*owner)), owner};
  });
}

TEST_F(hostile_portable_test, factors_beyond_what_float_tells_apart_are_answered_with) {
  portable_model steep = portable_of(*model_file::open(trained("ials")));
  steep.parameters = R"({"factors": 8, "regularisation": 1e-8, "unobserved_weight": 1e-6})";
  const auto factors = std::make_shared<std::vector<float>>(items * 8, 1e6F);
  steep.arrays["item_factors"].bytes = {std::as_bytes(std::span(*factors)), factors};
  const auto spread = std::make_shared<std::vector<float>>(8, 0.0F);
  steep.arrays["spread"].bytes = {std::as_bytes(std::span(*spread)), spread};
  const auto model = make_imported(std::move(steep));
  std::vector<float> scores(model->current()->items().size());
  const std::vector<preference> history = {{0, 1, 0}, {1, 1, 0}};
  model->current()->score({.history = history}, scores);
  EXPECT_TRUE(std::ranges::any_of(scores, [](float score) { return std::isfinite(score) && score > 0; }));
}

TEST_F(hostile_portable_test, what_consists_of_rows_of_people_is_not_handed_on) {
  for (const char* family : {"session-knn", "trending"}) {
    EXPECT_THROW((void)portable_of(*model_file::open(trained(family))), core::error) << family;
  }
}

TEST_F(hostile_portable_test, nothing_is_trained_as_imported) {
  EXPECT_THROW((void)family_named("imported").complete("{}"), core::error);
  for (const family* one : families()) {
    EXPECT_NE(one->name(), imported_family_name);
  }
}

}  // namespace
}  // namespace eunomia::recommend
