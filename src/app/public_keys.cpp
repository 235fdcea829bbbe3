#include "app/public_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <string>

#include "core/error.h"
#include "core/file.h"

namespace eunomia::app {

namespace {

constexpr std::uint64_t max_file_bytes = 64 * 1024;

}  // namespace

std::vector<core::public_key> read_public_keys(const std::filesystem::path& file) {
  try {
    return core::public_keys_from_text(core::read_file(file, max_file_bytes));
  } catch (const core::error& problem) {
    if (problem.code() == core::errc::not_found) {
      throw core::error(
          core::errc::not_found,
          fmt::format("there is no public key at {}: name the server's with --public-key", file.string()));
    }
    if (problem.code() == core::errc::invalid_argument) {
      throw core::error(core::errc::invalid_argument, fmt::format("{}: {}", file.string(), problem.what()));
    }
    throw;
  }
}

void leave_public_key(const std::filesystem::path& file, const core::public_key& key) {
  std::string lines = key.text() + "\n";
  if (std::filesystem::exists(file)) {
    const std::vector<core::public_key> known = read_public_keys(file);
    if (std::ranges::find(known, key) != known.end()) {
      return;
    }
    for (const core::public_key& old : std::span(known).first(std::min(known.size(), core::max_public_keys - 1))) {
      lines += old.text() + "\n";
    }
  }
  core::write_file(file, lines);
}

}  // namespace eunomia::app
