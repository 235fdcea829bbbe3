#include "recommend/learned_rows.h"

#include <fmt/format.h>

#include <algorithm>

namespace eunomia::recommend {

std::vector<learned_preference> learned_from(const model_file& file, core::subject_handle who) {
  // EASE names its sections otherwise, because its "items" are something else.
  const bool ease = !file.has("learned.subjects");
  const std::string_view rows = ease ? "preferences" : "learned";
  const auto section = [&](std::string_view column) { return fmt::format("{}.{}", rows, column); };
  const auto subjects = file.array<core::subject_handle>(section("subjects")).view();
  const auto found = std::lower_bound(subjects.begin(), subjects.end(), who);
  if (found == subjects.end() || *found != who) {
    return {};
  }
  const auto row = static_cast<std::size_t>(found - subjects.begin());
  const auto begins = file.array<std::uint64_t>(section("row_begin"));
  const auto items = file.array<item_position>(section("item"));
  const auto weights = file.array<std::uint16_t>(section("weight"));
  const auto times = file.array<std::int64_t>(section("time"));
  const auto quanta = file.array<std::uint32_t>(section("quanta_per_unit"));
  if (begins.size() != subjects.size() + 1 || begins[row] > begins[row + 1] || begins[row + 1] > items.size() ||
      weights.size() != items.size() || times.size() != items.size() || quanta.size() != 1 || quanta[0] == 0) {
    file.refuse(fmt::format("sections \"{}\" contradict each other", rows));
  }
  const auto names = file.read_catalogue(ease ? "catalogue" : "items");
  std::vector<learned_preference> learned;
  learned.reserve(begins[row + 1] - begins[row]);
  for (std::uint64_t i = begins[row]; i < begins[row + 1]; ++i) {
    if (items[i] >= names->size()) {
      file.refuse(fmt::format("section \"{}.item\" has an item that the catalogue has not", rows));
    }
    learned.push_back({names->id(items[i]), static_cast<float>(weights[i]) / static_cast<float>(quanta[0]), times[i]});
  }
  return learned;
}

}  // namespace eunomia::recommend
