#include "wire/personalize/file_jobs.h"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>

#include "core/error.h"
#include "core/seal.h"
#include "wire/personalize/json_members.h"

namespace eunomia::wire::personalize {

job_folder::job_folder(const house& in) : path_(in.incoming / fmt::format("job-{:016x}", core::random_number())) {
  std::filesystem::create_directories(path_);
  std::filesystem::permissions(path_, std::filesystem::perms::owner_all);
}

job_folder::~job_folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

s3_location place_in(const core::json_value& shown, std::string_view member, std::string_view inner) {
  const core::json_value* const outer = member_of(shown, member);
  const core::json_value* const place = outer == nullptr ? nullptr : member_of(*outer, inner);
  const auto path = place == nullptr ? std::nullopt : text_of(*place, "path");
  if (!path) {
    throw core::error(core::errc::invalid_argument, fmt::format("{}.{}.path is missing", member, inner));
  }
  return s3_location::parse(*path);
}

s3_location in_folder(const s3_location& folder, const std::string& name) {
  const bool is_open = folder.key.empty() || folder.key.ends_with('/');
  return {folder.bucket, folder.key + (is_open ? "" : "/") + name};
}

std::vector<std::string> files_at(const house& in, const s3_location& place) {
  // "s3://b/leave" is not "s3://b/leave-not.csv", whose people did not ask for anything.
  const bool is_folder = place.key.empty() || place.key.ends_with('/');
  std::vector<std::string> keys = in.files.keys(place.bucket, place.key);
  if (!is_folder) {
    if (std::ranges::binary_search(keys, place.key)) {
      return {place.key};
    }
    std::erase_if(keys, [&](const std::string& key) { return !key.starts_with(place.key + '/'); });
  }
  std::erase_if(keys, [](const std::string& key) { return key.ends_with('/'); });
  if (keys.empty()) {
    throw core::error(core::errc::not_found, fmt::format("there is no file at {}", place.text()));
  }
  return keys;
}

fetched_file fetch(const house& in, const s3_location& from, const std::filesystem::path& into) {
  in.files.fetch(from.bucket, from.key, into);
  return {into, from};
}

void read_as_origins(std::span<const fetched_file> files, const std::function<void()>& read) {
  const auto known_to_clients = [&](std::string message) {
    for (const fetched_file& one : files) {
      const std::string copy = one.copy.string() + ":";
      const std::string origin = one.origin.text() + ":";
      for (std::size_t at = message.find(copy); at != std::string::npos; at = message.find(copy, at + origin.size())) {
        message.replace(at, copy.size(), origin);
      }
    }
    return message;
  };
  try {
    read();
  } catch (const core::error& problem) {
    throw core::error(problem.code(), known_to_clients(problem.what()),
                      known_to_clients(std::string(problem.kept_message())));
  }
}

}  // namespace eunomia::wire::personalize
