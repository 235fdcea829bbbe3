#include "subject/erasure/dismissed_finds.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "subject/audit/plain_text.h"
#include "subject/erasure/byte_scan.h"

namespace eunomia::subject {

namespace {

[[noreturn]] void refuse(std::string_view member, std::string_view what) {
  throw core::error(core::errc::invalid_argument, fmt::format("{}: {}", member, what));
}

void check_text(std::string_view member, std::string_view text, std::string_view limit, std::size_t most) {
  if (text.empty() || text.size() > most || !is_plain_text(text)) {
    refuse(member,
           fmt::format("1 to {} = {} bytes of UTF-8 without control characters, got {}", limit, most, text.size()));
  }
}

// Every part of it names something: none is empty but one behind the last '/', and none leads elsewhere.
bool is_below_a_folder(std::string_view path) {
  for (std::size_t begin = 0; begin < path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view part = path.substr(begin, end - begin);
    if (part.empty() || part == "." || part == "..") {
      return false;
    }
    begin = end + 1;
  }
  return true;
}

bool covers(const dismissed_find& one, std::string_view file) {
  return one.file.ends_with('/') ? file.starts_with(one.file) : file == one.file;
}

}  // namespace

void check(const dismissed_find& said) {
  check_text("file", said.file, "max_dismissed_file_bytes", max_dismissed_file_bytes);
  check_text("reason", said.reason, "max_dismissal_reason_bytes", max_dismissal_reason_bytes);
  if (!said.file.starts_with(object_place) && !is_below_a_folder(said.file)) {
    refuse("file",
           "a path below the data directory as the request names it, without \"..\"; a folder of it ends in '/'");
  }
}

void check_names_nobody(const dismissed_find& said, const identity_traces& of) {
  for (const identifier_trace& one : of.identifiers) {
    for (const std::string& text : encodings_of(one.identifier).unmistakable) {
      for (const auto& [member, given] : {std::pair("file", &said.file), std::pair("reason", &said.reason)}) {
        if (given->find(text) != std::string::npos) {
          refuse(member,
                 "holds an identifier of somebody who is to be erased, and would stay; say it without, or name the "
                 "folder");
        }
      }
    }
  }
}

void add(std::vector<dismissed_find>& all, dismissed_find said) {
  std::erase_if(all, [&](const dismissed_find& one) { return one.file == said.file; });
  if (all.size() >= max_dismissed_finds) {
    throw core::error(core::errc::resource_exhausted,
                      fmt::format("finds in {} files are dismissed, no more than max_dismissed_finds = {}; name the "
                                  "folder that holds them",
                                  all.size(), max_dismissed_finds));
  }
  all.push_back(std::move(said));
}

bool covers(std::span<const dismissed_find> all, std::string_view file) {
  return std::ranges::any_of(all, [&](const dismissed_find& one) { return covers(one, file); });
}

std::vector<std::string> remarks_of(std::span<const dismissed_find> all,
                                    const std::map<std::string, std::uint64_t>& found) {
  std::vector<std::string> remarks;
  for (const dismissed_find& one : all) {
    std::uint64_t places = 0;
    for (const auto& [file, count] : found) {
      places += covers(one, file) ? count : 0;
    }
    remarks.push_back(fmt::format("Judged by {} on {} not to be theirs: what was found in {} ({} places). Reason: {}",
                                  one.dismissed_by, one.dismissed_at, one.file, places, one.reason));
  }
  return remarks;
}

}  // namespace eunomia::subject
