#include "recommend/learned_rows.h"

#include <fmt/format.h>

#include <algorithm>

namespace eunomia::recommend {

namespace {

// Where the rows stand in a file.
struct row_index {
  explicit row_index(const model_file& in)
      // EASE names its sections otherwise, because its "items" are something else.
      : file(in),
        ease(!in.has("learned.subjects")),
        subjects(in.array<core::subject_handle>(section("subjects"))),
        begins(in.array<std::uint64_t>(section("row_begin"))) {
    if (begins.size() != subjects.size() + 1) {
      contradict();
    }
  }

  std::string section(std::string_view column) const {
    return fmt::format("{}.{}", ease ? "preferences" : "learned", column);
  }
  [[noreturn]] void contradict() const {
    file.refuse(fmt::format("sections \"{}\" contradict each other", section("*")));
  }

  // First and last but one of a person's pairs; the same when there are none of them.
  std::pair<std::uint64_t, std::uint64_t> pairs_of(core::subject_handle who) const {
    const auto all = subjects.view();
    const auto found = std::lower_bound(all.begin(), all.end(), who);
    if (found == all.end() || *found != who) {
      return {0, 0};
    }
    const auto row = static_cast<std::size_t>(found - all.begin());
    if (begins[row] > begins[row + 1]) {
      contradict();
    }
    return {begins[row], begins[row + 1]};
  }

  const model_file& file;
  const bool ease;
  shared_array<core::subject_handle> subjects;
  shared_array<std::uint64_t> begins;
};

}  // namespace

rows_learned count_learned(const model_file& file, std::span<const core::subject_handle> people) {
  const row_index rows(file);
  const auto all = rows.subjects.view();
  rows_learned found;
  for (const core::subject_handle who : people) {
    if (std::binary_search(all.begin(), all.end(), who)) {
      const auto [begin, end] = rows.pairs_of(who);
      ++found.people;
      found.pairs += end - begin;
    }
  }
  return found;
}

std::vector<learned_preference> learned_from(const model_file& file, core::subject_handle who) {
  const row_index rows(file);
  const auto [begin, end] = rows.pairs_of(who);
  if (begin == end) {
    return {};
  }
  const auto items = file.array<item_position>(rows.section("item"));
  const auto weights = file.array<std::uint16_t>(rows.section("weight"));
  const auto times = file.array<std::int64_t>(rows.section("time"));
  const auto quanta = file.array<std::uint32_t>(rows.section("quanta_per_unit"));
  if (end > items.size() || weights.size() != items.size() || times.size() != items.size() || quanta.size() != 1 ||
      quanta[0] == 0) {
    rows.contradict();
  }
  const auto names = file.read_catalogue(rows.ease ? "catalogue" : "items");
  std::vector<learned_preference> learned;
  learned.reserve(end - begin);
  for (std::uint64_t i = begin; i < end; ++i) {
    if (items[i] >= names->size()) {
      file.refuse(fmt::format("section \"{}\" has an item that the catalogue has not", rows.section("item")));
    }
    learned.push_back({names->id(items[i]), static_cast<float>(weights[i]) / static_cast<float>(quanta[0]), times[i]});
  }
  return learned;
}

}  // namespace eunomia::recommend
