#include "app/demo_shop.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "core/file.h"

namespace eunomia::app {

namespace {

constexpr int people = 2000;
constexpr int test_people = 200;
constexpr std::int64_t year_begin = 1'735'689'600;  // 2025-01-01, seconds
constexpr std::int64_t year_seconds = 365 * 86'400;

constexpr std::array<std::string_view, 6> departments = {"garden", "kitchen", "toys", "books", "office", "bath"};
constexpr std::array<std::array<std::string_view, 8>, 6> things = {{
    {"shears", "watering-can", "lantern", "planter", "bench", "gloves", "hose", "birdhouse"},
    {"teapot", "cake-stand", "apron", "kettle", "mug", "oven-glove", "jam-jar", "whisk"},
    {"puzzle", "kite", "doll", "spinning-top", "marbles", "train", "drum", "bear"},
    {"atlas", "novel", "cookbook", "diary", "poems", "sketchbook", "crossword", "fairy-tales"},
    {"stapler", "lamp", "notebook", "pencil-case", "calendar", "globe", "tray", "clock"},
    {"soap", "towel", "mirror", "basket", "bath-salts", "candle", "sponge", "robe"},
}};
constexpr std::array<std::string_view, 5> kinds = {"red", "oak", "vintage", "small", "french"};
constexpr std::array<std::string_view, 4> countries = {"Finland", "Spain", "Poland", "Ireland"};

struct item {
  std::string id;
  std::size_t department;
  double price;
};

std::vector<item> all_items() {
  std::vector<item> items;
  for (std::size_t d = 0; d < departments.size(); ++d) {
    for (std::size_t t = 0; t < things[d].size(); ++t) {
      for (std::size_t k = 0; k < kinds.size(); ++k) {
        items.push_back({fmt::format("{}-{}", kinds[k], things[d][t]), d,
                         1.5 + 2.25 * static_cast<double>((t * 7 + k * 3 + d) % 11)});
      }
    }
  }
  return items;
}

// Draws by weights that fall with the rank, as popularity does in shops; portable, unlike the standard distributions.
std::size_t draw_rank(std::mt19937_64& random, std::size_t count) {
  const double u = static_cast<double>(random() >> 11) * 0x1p-53;
  return std::min(count - 1, static_cast<std::size_t>(std::pow(static_cast<double>(count), u * u)) - 1 +
                                 static_cast<std::size_t>(random() % 3));
}

constexpr std::string_view header = "USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE\n";

// One person's events, oldest first, a CSV line each.
std::vector<std::string> events_of(int person, const std::vector<item>& items, std::mt19937_64& random) {
  const std::size_t per_department = items.size() / departments.size();
  const std::size_t first_taste = random() % departments.size();
  const std::size_t second_taste = (first_taste + 1 + random() % 2) % departments.size();
  const std::size_t favourite_kind = random() % kinds.size();
  const std::size_t events = 5 + random() % 40;
  std::set<std::int64_t> times;
  while (times.size() < events) {
    times.insert(year_begin + static_cast<std::int64_t>(random() % year_seconds));
  }
  std::vector<std::string> lines;
  for (const std::int64_t time : times) {
    const std::size_t whim = random() % 100;
    const std::size_t department = whim < 60 ? first_taste : whim < 85 ? second_taste : random() % departments.size();
    std::size_t rank = draw_rank(random, per_department);
    if (random() % 2 == 0) {
      rank = rank / kinds.size() * kinds.size() + favourite_kind;
    }
    lines.push_back(fmt::format("customer-{:04},{},{},{}\n", person, items[department * per_department + rank].id, time,
                                random() % 3 == 0 ? "purchase" : "view"));
  }
  return lines;
}

void write_interactions(const demo_shop& shop, const std::vector<item>& items) {
  std::mt19937_64 random(2025);
  std::string train(header);
  std::string fold_in(header);
  std::string targets(header);
  for (int person = 1; person <= people + test_people; ++person) {
    const auto lines = events_of(person, items, random);
    for (std::size_t i = 0; i < lines.size(); ++i) {
      (person <= people ? train : 10 * i < 9 * lines.size() ? fold_in : targets) += lines[i];
    }
  }
  core::write_file(shop.interactions, train);
  core::write_file(shop.fold_in, fold_in);
  core::write_file(shop.targets, targets);
}

}  // namespace

demo_shop write_demo_shop(const std::filesystem::path& folder) {
  const std::vector<item> items = all_items();
  demo_shop shop{folder / "interactions.csv", folder / "items.csv", folder / "users.csv", folder / "fold_in.csv",
                 folder / "targets.csv"};
  write_interactions(shop, items);
  std::string csv = "ITEM_ID,DEPARTMENT,PRICE\n";
  for (const item& i : items) {
    csv += fmt::format("{},{},{:.2f}\n", i.id, departments[i.department], i.price);
  }
  core::write_file(shop.items, csv);
  csv = "USER_ID,COUNTRY\n";
  for (int p = 0; p < people; ++p) {
    csv += fmt::format("customer-{:04},{}\n", p + 1, countries[static_cast<std::size_t>(p) % countries.size()]);
  }
  core::write_file(shop.users, csv);
  return shop;
}

}  // namespace eunomia::app
