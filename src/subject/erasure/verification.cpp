// Asking twice: where things rest, and by reading the disk as a stranger would (decision 0019).
#include "subject/erasure/verification.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "core/error.h"
#include "core/file_time.h"
#include "store/sql/locked_files.h"
#include "subject/erasure/byte_scan.h"
#include "subject/erasure/dismissed_finds.h"

namespace eunomia::subject {

namespace fs = std::filesystem;
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

// The texts to look for, each once, and on whose behalf.
class sought_texts {
 public:
  // Random bytes that somebody rested as: they stand nowhere by chance.
  void add_bytes(std::string text) { all_.push_back({std::move(text), nullptr}); }
  void add_encoding(std::string text, const sought_traces& of) { all_.push_back({std::move(text), &of}); }

  // Once, after the last was added. The index of a needle is that of the text, below.
  needles seal() {
    std::ranges::sort(all_, {}, &sought_text::text);
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < all_.size(); ++i) {
      if (texts.empty() || all_[i].text != texts.back()) {
        first_.push_back(i);
        texts.push_back(std::move(all_[i].text));
      }
    }
    first_.push_back(all_.size());
    return needles(std::move(texts));
  }

  // Whether everybody who looks for it says that it is not theirs there.
  bool may_stand(std::size_t text, std::string_view file) const {
    return std::ranges::all_of(
        askers_of(text), [&](const sought_text& one) { return one.of != nullptr && covers(one.of->dismissed, file); });
  }

  // The request that keeps it from standing there, and could dismiss it; none when nobody could.
  const sought_traces* in_the_way(std::size_t text, std::string_view file) const {
    const auto askers = askers_of(text);
    if (std::ranges::count(askers, nullptr, &sought_text::of) != 0) {
      return nullptr;
    }
    const auto one =
        std::ranges::find_if(askers, [&](const sought_text& asker) { return !covers(asker.of->dismissed, file); });
    return one == askers.end() ? nullptr : one->of;
  }

 private:
  struct sought_text {
    std::string text;
    const sought_traces* of;  // whose identifier it encodes; null: bytes
  };

  std::span<const sought_text> askers_of(std::size_t text) const {
    return std::span(all_).subspan(first_[text], first_[text + 1] - first_[text]);
  }

  std::vector<sought_text> all_;
  std::vector<std::size_t> first_;  // of each text, and the end
};

// What reading every file found.
struct search {
  std::size_t texts = 0;
  byte_scan_report scan;
  bool some_left_out = false;           // encodings that were not looked for
  std::optional<std::string> obstacle;  // a place that should not hold one
  std::vector<std::string> remarks;     // of custodians
};

std::string obstacle_of(const found_place& place, const sought_texts& sought) {
  const sought_traces* const of = sought.in_the_way(place.needle, place.file);
  if (of == nullptr) {
    return fmt::format("{} holds, at byte {}, what an identifier or a key of somebody who is erased rested as",
                       place.file, place.offset);
  }
  return fmt::format(
      "{} holds, at byte {}, an identifier of somebody who is erased; {}if it is a part of something else there, say "
      "so: "
      "eunomia subjects dismiss-find --request {} --file {} --reason TEXT",
      place.file, place.offset,
      place.file.starts_with(object_place) ? "delete or replace it, and the erasure ends by itself; " : "", of->request,
      place.file);
}

void add(byte_scan_report& to, byte_scan_report some) {
  to.files += some.files;
  to.bytes += some.bytes;
  to.found += some.found;
  std::ranges::move(some.places, std::back_inserter(to.places));
  for (const auto& [file, count] : some.excused) {
    to.excused[file] += count;
  }
}

// Reads every file for what they rested as, and for their identifiers but those of others.
search look_for(const erasure_house& house, std::span<const sought_traces> requests,
                const std::set<std::string>& of_others, const custody_context& with, const bytes_told& told) {
  search result;
  sought_texts sought;
  for (const sought_traces& of : requests) {
    for (const std::string& key : of.traces.keys) {
      sought.add_bytes(key);
    }
    for (const identifier_trace& one : of.traces.identifiers) {
      sought.add_bytes(one.sealed);
      // Who came back is somebody new, found by the same digest.
      if (!house.people.find(one.space, one.identifier)) {
        sought.add_bytes(one.lookup);
      }
      if (!of_others.contains(one.identifier)) {
        text_encodings written = encodings_of(one.identifier);
        for (std::string& text : written.unmistakable) {
          sought.add_encoding(std::move(text), of);
        }
        result.some_left_out = result.some_left_out || written.some_left_out;
      }
    }
  }
  const needles wanted = sought.seal();
  result.texts = wanted.size();
  const auto locked = sql::locked_files(house.sql);
  const auto excused = [&](std::string_view file, std::size_t text) {
    return passes_by(file, house.passing) || sought.may_stand(text, file);
  };
  result.scan =
      scan_bytes(house.data, wanted, {.locked = locked, .excused = excused, .told = told}, with.pool, with.job);
  for (const auto& one : house.all.all()) {
    searched_places inside = one->search(wanted, excused, with);
    add(result.scan, std::move(inside.found));
    std::ranges::move(inside.remarks, std::back_inserter(result.remarks));
  }
  if (!result.scan.places.empty()) {
    result.obstacle = obstacle_of(result.scan.places.front(), sought);
  }
  return result;
}

// Whether the file of the database itself has something in the way: perhaps where no row points at it.
bool is_in_the_database(const search& found, const erasure_house& house) {
  if (house.sql.speaks() != sql::engine::sqlite) {
    return false;
  }
  const std::string own = std::filesystem::relative(house.sql.name(), house.data).string();
  return std::ranges::count(found.scan.places, own, &found_place::file) != 0;
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

// The same of tables, and at a higher price. Why it cannot be done, if so.
std::optional<std::string> write_anew(sql::database& in) {
  try {
    in.vacuum();
    in.checkpoint_truncate();
    return std::nullopt;
  } catch (const core::error& problem) {
    return problem.kept_message();
  }
}

// Where only a human can say what a find is, writes must not stop for it at every attempt: at the 1st, 2nd, 4th, 8th...
bool is_worth_writing_anew(std::span<const sought_traces> requests) {
  return std::ranges::any_of(requests, [](const sought_traces& of) { return std::has_single_bit(of.attempts + 1); });
}

// Looks again where what was found may be taken out, or is not theirs. of_others: what also names something else.
search look_until_sure(const erasure_house& house, std::span<const sought_traces> requests,
                       std::set<std::string>& of_others, const custody_context& with, const bytes_told& told) {
  search found = look_for(house, requests, of_others, with, told);
  if (found.obstacle) {
    of_others = names_of_others(house, requests);
    if (!of_others.empty()) {
      found = look_for(house, requests, of_others, with, told);
    }
  }
  if (is_in_the_database(found, house)) {
    rebuild_indices(house.sql);
    found = look_for(house, requests, of_others, with, told);
  }
  if (is_in_the_database(found, house) && is_worth_writing_anew(requests)) {
    if (const auto why_not = write_anew(house.sql)) {
      *found.obstacle += "; the database could not be written anew without it: " + *why_not;
    } else {
      found = look_for(house, requests, of_others, with, told);
    }
  }
  return found;
}

std::vector<std::string> remarks_on(const search& found, const erasure_house& house,
                                    const std::set<std::string>& of_others) {
  std::vector<std::string> remarks = found.remarks;
  std::set<std::string> passing;
  for (const auto& [file, count] : found.scan.excused) {
    if (passes_by(file, house.passing)) {
      passing.insert(file.substr(0, file.find('/')));
    }
  }
  for (const std::string& folder : passing) {
    remarks.push_back(fmt::format(
        "Files on their way in ({}) hold an identifier of theirs: whoever they bring in is somebody new.", folder));
  }
  if (!of_others.empty()) {
    remarks.push_back(fmt::format(
        "{} of their identifiers were not looked for as such: they also name something that is no person, an "
        "item for one, and stays.",
        of_others.size()));
  }
  if (found.some_left_out) {
    remarks.push_back(fmt::format(
        "Short encodings of identifiers were not looked for, as they occur by chance: fewer than {} bytes, or "
        "{} digits and nothing else. What they rested as was.",
        min_needle_bytes, min_needle_digits));
  }
  return remarks;
}

}  // namespace

std::set<std::string> names_of_others(const erasure_house& house, std::span<const sought_traces> requests) {
  std::vector<std::string> identifiers;
  for (const sought_traces& of : requests) {
    for (const identifier_trace& one : of.traces.identifiers) {
      identifiers.push_back(one.identifier);
    }
  }
  std::set<std::string> names;
  for (const auto& one : house.all.all()) {
    for (std::string& name : one->names_of_others(identifiers)) {
      names.insert(std::move(name));
    }
  }
  return names;
}

std::int64_t last_requested(std::span<const sought_traces> requests) {
  std::int64_t last = 0;
  for (const sought_traces& one : requests) {
    last = std::max(last, one.requested_at);
  }
  return last;
}

std::optional<std::string> file_from_before(const erasure_house& house, std::int64_t requested_at) {
  for (const std::string& name : house.passing) {
    const fs::path folder = house.data / name;
    std::error_code fault;
    fs::recursive_directory_iterator entry(folder, fault);
    for (; !fault && entry != fs::recursive_directory_iterator(); entry.increment(fault)) {
      std::error_code gone;
      if (entry->is_regular_file(gone) && core::last_written_ms(entry->path()).value_or(requested_at) < requested_at) {
        return name + entry->path().lexically_relative(folder).string();
      }
    }
    std::error_code unknown;
    if (fault && fs::exists(folder, unknown)) {
      return name;  // it changed while it was looked through, so nobody knows yet
    }
  }
  return std::nullopt;
}

erasure_verification verify_erased(const erasure_house& house, std::span<const core::subject_handle> people,
                                   std::span<const sought_traces> requests, const custody_context& with,
                                   const bytes_told& told) {
  const auto begin = std::chrono::steady_clock::now();
  if (const auto file = file_from_before(house, last_requested(requests))) {
    throw core::error(core::errc::failed_precondition,
                      fmt::format("{} came before the erasure was asked for, and waits to be imported without whom it "
                                  "erases; then this ends",
                                  *file));
  }
  for (const auto& one : house.all.all()) {
    for (const amount_held& left : one->find(people, with)) {
      throw core::error(core::errc::failed_precondition,
                        fmt::format("custodian \"{}\" still holds {} of its {}", one->name(), left.count, left.what));
    }
  }
  // Before the bytes are read, so that those of deleted rows are overwritten.
  house.sql.checkpoint_truncate();
  std::set<std::string> of_others;
  search found = look_until_sure(house, requests, of_others, with, told);
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
  made.remarks = remarks_on(found, house, of_others);
  made.excused = std::move(found.scan.excused);
  return made;
}

}  // namespace eunomia::subject
