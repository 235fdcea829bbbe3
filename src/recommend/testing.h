#pragma once

// What the tests of this room share: small random shops, and families as test parameters. Only *_test.cpp includes it.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/job.h"
#include "core/thread_pool.h"
#include "recommend/family.h"

namespace eunomia::recommend::testing {

inline constexpr std::int64_t day = 86'400'000;

inline std::shared_ptr<const catalogue> numbered_items(std::uint32_t count) {
  std::vector<std::string> ids;
  for (std::uint32_t i = 0; i < count; ++i) {
    ids.push_back(fmt::format("item {:07}", i));
  }
  return std::make_shared<catalogue>(std::move(ids));
}

struct event {
  std::uint64_t subject;
  item_position item;
  std::int64_t time = day;
  std::uint16_t type = 0;  // 0 view, 1 purchase
};

inline interactions events_of(const std::vector<event>& rows, std::shared_ptr<const catalogue> items) {
  interactions result;
  result.items = std::move(items);
  result.event_types = {"view", "purchase"};
  for (const event& row : rows) {
    result.subject.push_back(core::subject_handle(row.subject));
    result.item.push_back(row.item);
    result.time.push_back(row.time);
    result.event_type.push_back(row.type);
  }
  return result;
}

// A shop whose people like a few popular items and items near each other, in random order, with repeated events.
inline interactions random_shop(std::mt19937_64& random, std::uint32_t people, std::uint32_t items,
                                std::uint32_t events_each) {
  std::vector<event> rows;
  for (std::uint32_t p = 0; p < people; ++p) {
    const std::uint64_t subject = 1 + (p * std::uint64_t{0x9e3779b97f4a7c15} >> 8);
    const auto taste = static_cast<std::uint32_t>(random() % items);
    const auto count = 1 + random() % (2 * events_each);
    for (std::uint64_t i = 0; i < count; ++i) {
      const double u = static_cast<double>(random() >> 11) * 0x1p-53;
      const auto step = static_cast<std::uint32_t>(u * u * u * items);
      const auto item = random() % 2 == 0 ? step % items : (taste + step / 2) % items;
      rows.push_back({subject, item, static_cast<std::int64_t>(1 + random() % 400) * day,
                      static_cast<std::uint16_t>(random() % 2)});
    }
  }
  std::shuffle(rows.begin(), rows.end(), random);
  return events_of(rows, numbered_items(items));
}

// The events of everybody else.
inline interactions events_without(const interactions& events, const std::vector<core::subject_handle>& gone) {
  interactions rest;
  rest.items = events.items;
  rest.event_types = events.event_types;
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (std::find(gone.begin(), gone.end(), events.subject[i]) == gone.end()) {
      rest.subject.push_back(events.subject[i]);
      rest.item.push_back(events.item[i]);
      rest.time.push_back(events.time[i]);
      rest.event_type.push_back(events.event_type[i]);
    }
  }
  return rest;
}

// A pool and a job to train on.
struct workshop {
  explicit workshop(unsigned threads = 2) : pool(threads) {}
  training_context context() { return {pool, job}; }

  core::thread_pool pool;
  core::job job;
};

// The message of the error that the call throws, which must have this code.
template <class Call>
std::string message_of(core::errc expected, Call call) {
  try {
    call();
  } catch (const core::error& e) {
    EXPECT_EQ(e.code(), expected) << e.what();
    return e.what();
  }
  ADD_FAILURE() << "no error was thrown";
  return "";
}

// The folder of a data set that lies beside the project, or nothing where there is none: EUNOMIA_SHARED/data/NAME, or
// ../shared/data/NAME of the sources.
inline std::optional<std::filesystem::path> shared_data(std::string_view name) {
  const char* const given = std::getenv("EUNOMIA_SHARED");
  const std::filesystem::path shared =
      given != nullptr ? std::filesystem::path(given)
                       : std::filesystem::path(__FILE__).parent_path() / ".." / ".." / ".." / "shared";
  const std::filesystem::path folder = shared / "data" / name;
  return std::filesystem::exists(folder) ? std::optional(folder) : std::nullopt;
}

inline std::vector<float> scores_of(const scorer& answers, const person& who) {
  std::vector<float> scores(answers.items().size(), NAN);
  answers.score(who, scores);
  return scores;
}

class every_family : public ::testing::TestWithParam<const family*> {};

inline std::string name_of_family(const ::testing::TestParamInfo<const family*>& info) {
  std::string name(info.param->name());
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

}  // namespace eunomia::recommend::testing
