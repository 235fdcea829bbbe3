#pragma once

#include <filesystem>

namespace eunomia::app {

// A small shop to try things on, the same every time: people with tastes, items in departments, a year of purchases.
struct demo_shop {
  std::filesystem::path interactions;  // USER_ID, ITEM_ID, TIMESTAMP, EVENT_TYPE
  std::filesystem::path items;         // ITEM_ID, DEPARTMENT, PRICE
  std::filesystem::path users;         // USER_ID, COUNTRY
  std::filesystem::path fold_in;       // interactions of 200 more people, to judge a model by
  std::filesystem::path targets;       // what these turned to next
};

// Writes the CSV files into a folder that exists.
demo_shop write_demo_shop(const std::filesystem::path& folder);

}  // namespace eunomia::app
