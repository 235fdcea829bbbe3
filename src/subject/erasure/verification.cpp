// Asking twice: where things rest, and by reading the disk as a stranger would (decision 0019).
#include "subject/erasure/verification.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <iterator>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "core/error.h"
#include "store/sql/locked_files.h"
#include "subject/erasure/byte_scan.h"

namespace eunomia::subject {

namespace sql = store::sql;

namespace {

using bytes_told = std::function<void(std::uint64_t done, std::uint64_t total)>;

std::uint64_t milliseconds_since(std::chrono::steady_clock::time_point begin) {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin).count());
}

bool passes_by(std::string_view file, std::span<const std::string> folders) {
  return std::ranges::any_of(folders, [&](const std::string& folder) { return file.starts_with(folder); });
}

// What reading every file found.
struct search {
  std::size_t texts = 0;
  byte_scan_report scan;
  std::set<std::string> passing;        // folders of what passes by that hold one
  bool some_left_out = false;           // encodings that were not looked for
  std::optional<std::string> obstacle;  // a place that should not hold one
};

// Reads every file for what they rested as, and for their identifiers but those of others.
search look_for(const erasure_house& house, const identity_traces& traces, const std::set<std::string>& of_others,
                const custody_context& with, const bytes_told& told) {
  search result;
  std::vector<std::string> wanted = traces.keys;
  for (const identifier_trace& one : traces.identifiers) {
    wanted.push_back(one.sealed);
    // Who came back is somebody new, found by the same digest.
    if (!house.people.find(one.space, one.identifier)) {
      wanted.push_back(one.lookup);
    }
    if (!of_others.contains(one.identifier)) {
      text_encodings written = encodings_of(one.identifier);
      std::ranges::move(written.unmistakable, std::back_inserter(wanted));
      result.some_left_out = result.some_left_out || written.some_left_out;
    }
  }
  std::ranges::sort(wanted);
  wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
  result.texts = wanted.size();
  const auto locked = sql::locked_files(house.sql);
  result.scan =
      scan_bytes(house.data, needles(std::move(wanted)), {.locked = locked, .told = told}, with.pool, with.job);
  std::uint64_t remarked = 0;
  for (const found_place& place : result.scan.places) {
    if (!passes_by(place.file, house.passing)) {
      result.obstacle =
          fmt::format("{} holds, at byte {}, an identifier of somebody who is erased, or what it rested as", place.file,
                      place.offset);
      return result;
    }
    ++remarked;
    result.passing.insert(place.file.substr(0, place.file.find('/')));
  }
  if (result.scan.found > remarked) {
    result.obstacle = fmt::format("{} places hold identifiers of people who are erased", result.scan.found);
  }
  return result;
}

// A page of SQLite that was split keeps copies of entries that moved, between those that stayed, where secure_delete
// does not come. An index that is built anew has none.
void rebuild_indices(sql::database& in) {
  in.write([](sql::transaction& to) {
    to.execute("REINDEX subject_identifier");
    to.execute("REINDEX subject_key");
  });
  in.checkpoint_truncate();
}

std::set<std::string> names_of_others(const erasure_house& house, const identity_traces& traces) {
  std::vector<std::string> identifiers;
  identifiers.reserve(traces.identifiers.size());
  for (const identifier_trace& one : traces.identifiers) {
    identifiers.push_back(one.identifier);
  }
  std::set<std::string> names;
  for (const auto& one : house.all.all()) {
    for (std::string& name : one->names_of_others(identifiers)) {
      names.insert(std::move(name));
    }
  }
  return names;
}

}  // namespace

erasure_verification verify_erased(const erasure_house& house, std::span<const core::subject_handle> people,
                                   const identity_traces& traces, const custody_context& with, const bytes_told& told) {
  const auto begin = std::chrono::steady_clock::now();
  for (const auto& one : house.all.all()) {
    for (const amount_held& left : one->find(people, with)) {
      throw core::error(core::errc::failed_precondition,
                        fmt::format("custodian \"{}\" still holds {} of its {}", one->name(), left.count, left.what));
    }
  }
  // Before the bytes are read, so that those of deleted rows are overwritten.
  house.sql.checkpoint_truncate();
  std::set<std::string> of_others;
  search found = look_for(house, traces, of_others, with, told);
  if (found.obstacle) {
    of_others = names_of_others(house, traces);
    if (!of_others.empty()) {
      found = look_for(house, traces, of_others, with, told);
    }
  }
  if (found.obstacle && house.sql.speaks() == sql::engine::sqlite) {
    rebuild_indices(house.sql);
    found = look_for(house, traces, of_others, with, told);
  }
  if (found.obstacle) {
    throw core::error(core::errc::failed_precondition, *found.obstacle);
  }
  erasure_verification made;
  made.verified = {
      fmt::format("Every custodian was asked again what it holds of them, and every file of the data "
                  "directory was read for {} texts: their identifiers in UTF-8, UTF-16, hexadecimal and "
                  "base64, and the bytes that stood for them in the directory and the vault{}. It took {} ms.",
                  found.texts,
                  house.sql.speaks() == sql::engine::sqlite ? "" : "; PostgreSQL's own files were not read",
                  milliseconds_since(begin)),
      found.scan.files, found.scan.bytes, house.all.inventory().size(), found.scan.found};
  for (const std::string& folder : found.passing) {
    made.remarks.push_back(fmt::format(
        "Files on their way in ({}) hold an identifier of theirs: whoever they bring in is somebody new.", folder));
  }
  if (!of_others.empty()) {
    made.remarks.push_back(fmt::format(
        "{} of their identifiers were not looked for as such: they also name something that is no person, an "
        "item for one, and stays.",
        of_others.size()));
  }
  if (found.some_left_out) {
    made.remarks.push_back(fmt::format(
        "Short encodings of identifiers were not looked for, as they occur by chance: fewer than {} bytes, or "
        "{} digits and nothing else. What they rested as was.",
        min_needle_bytes, min_needle_digits));
  }
  return made;
}

}  // namespace eunomia::subject
