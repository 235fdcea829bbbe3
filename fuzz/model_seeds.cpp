// Writes a small model of every family into a folder: the seeds of the target model_file, always of today's format.
//
//   model_seeds FOLDER

#include <cstdio>

#include "core/job.h"
#include "core/thread_pool.h"
#include "recommend/family.h"
#include "recommend/interactions.h"

namespace {

using namespace eunomia;

constexpr std::int64_t day_ms = 86'400'000;

recommend::interactions small_shop() {
  recommend::interactions events;
  events.items = std::make_shared<recommend::catalogue>(std::vector<std::string>{"a", "b", "c", "d", "e", "new"});
  events.event_types = {"buy", "view"};
  for (std::uint32_t person = 0; person < 4; ++person) {
    for (std::uint32_t i = 0; i < 3; ++i) {
      events.subject.emplace_back(person + 1);
      events.item.push_back((person + i * i) % 5);
      events.time.push_back(std::int64_t{20 + person + 3 * i} * day_ms);
      events.event_type.push_back(static_cast<std::uint16_t>(i % 2));
    }
  }
  return events;
}

recommend::side_features shop_features() {
  recommend::side_features features;
  features.items = {
      {"CATEGORY=shoes", "PRICE"}, {0, 1, 2, 4, 4, 5, 6}, {{0, 1}, {1, 0.5F}, {0, 1}, {1, 2}, {1, -1}, {0, 1}}};
  features.users = {{"COUNTRY=Finland"}, {0, 1, 1, 2, 2}, {{0, 1}, {0, 1}}};
  for (std::uint32_t person = 1; person <= 4; ++person) {
    features.user_subjects.emplace_back(person);
  }
  return features;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::fprintf(stderr, "usage: model_seeds FOLDER\n");
    return 2;
  }
  const std::filesystem::path folder = arguments[1];
  std::filesystem::create_directories(folder);
  core::thread_pool pool(1);
  core::job job;
  const recommend::interactions events = small_shop();
  const recommend::side_features with = shop_features();
  const recommend::side_features without;
  const auto save = [&](std::string_view family, std::string_view parameters, const recommend::side_features& features,
                        const char* name) {
    recommend::family_named(family).train({events, features}, parameters, {pool, job})->save(folder / name);
  };
  for (const recommend::family* family : recommend::families()) {
    save(family->name(), family->name() == "ials" ? R"({"factors":2})" : "{}", without,
         std::string(family->name()).c_str());
  }
  save("ials", R"({"factors":2})", with, "ials-with-features");
  save("ease", R"({"trend_exponent":1,"precision":"float32"})", without, "ease-with-trend");
  save("item-knn", R"({"minimum_co_interactions":2,"weighting":{"event_weights":{"buy":4}}})", without,
       "item-knn-weighted");
  save("session-knn", R"({"inactivity_hours":30})", without, "session-knn-split");
}
