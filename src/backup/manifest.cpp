#include "backup/manifest.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "backup/copying.h"
#include "core/error.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/json.h"
#include "store/blob/blob_store.h"

namespace eunomia::backup {

namespace fs = std::filesystem;

namespace {

using core::errc;
using core::error;

std::string text_of(const manifest& what) {
  return core::write_json(what, 1) + "\n";
}

// What is signed begins with what it is for.
std::string signed_text(const manifest& what) {
  return "eunomia backup 1 " + what.digest;
}

bool is_signed(const manifest& what) {
  core::signature claimed;
  const auto bytes = core::from_hex(what.signature);
  if (bytes.size() != claimed.bytes.size()) {
    return false;
  }
  std::ranges::copy(bytes, claimed.bytes.begin());
  return core::verify(core::public_key::from_text(what.signed_by), signed_text(what), claimed);
}

// A path of the manifest leads nowhere but into the folder.
void check_path(const std::string& path) {
  if (path != database_name) {
    if (!path.starts_with(blobs_prefix)) {
      throw error(errc::corrupt, "it names a file that a backup does not hold");
    }
    store::check_blob_key(std::string_view(path).substr(blobs_prefix.size()));
  }
}

}  // namespace

std::uint64_t bytes_of(const manifest& of) {
  return std::accumulate(of.files.begin(), of.files.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const kept_file& file) { return sum + file.size; });
}

void write_manifest(const fs::path& folder, manifest what, const core::signing_key& by) {
  what.signed_by = by.public_half().text();
  what.digest.clear();
  what.signature.clear();
  what.digest = core::to_hex(core::blake2b(text_of(what)));
  what.signature = core::to_hex(core::sign(by, signed_text(what)));
  core::write_file(folder / manifest_name, text_of(what));
}

manifest read_manifest(const fs::path& folder) {
  const fs::path path = folder / manifest_name;
  if (!fs::exists(path)) {
    throw error(errc::not_found, fs::exists(folder / unfinished_name)
                                     ? fmt::format("the backup {} was not finished: it has no {}; make another",
                                                   folder.string(), manifest_name)
                                     : fmt::format("{} holds no backup: it has no {}", folder.string(), manifest_name));
  }
  const std::string text = core::read_file(path, max_manifest_bytes);
  manifest found;
  try {
    found = core::read_json<manifest>(
        text,
        {.limits = {.max_bytes = max_manifest_bytes, .max_values = 4 * max_files + 10'000}, .max_elements = max_files});
    if (found.format != manifest_format) {
      throw error(errc::failed_precondition,
                  fmt::format("{} has format {}, and this program reads {}; use the version that made it",
                              path.string(), found.format, manifest_format));
    }
    const std::string digest = std::exchange(found.digest, {});
    const std::string signature = std::exchange(found.signature, {});
    const bool as_written = core::to_hex(core::blake2b(text_of(found))) == digest;
    found.digest = digest;
    found.signature = signature;
    if (!as_written || text_of(found) != text) {
      throw error(errc::corrupt, "its digest differs");
    }
    if (!is_signed(found)) {
      throw error(errc::corrupt, "its signature does not fit");
    }
    for (const kept_file& file : found.files) {
      check_path(file.path);
      core::digest256_from_hex(file.digest);
    }
  } catch (const error& problem) {
    if (problem.code() == errc::failed_precondition) {
      throw;
    }
    throw error(errc::corrupt,
                fmt::format("{} is not what was written: {}; use another backup", path.string(), problem.what()));
  }
  return found;
}

manifest verify(const fs::path& folder, core::job& job) {
  manifest found = read_manifest(folder);
  const std::uint64_t total = bytes_of(found);
  std::uint64_t before = 0;
  for (const kept_file& file : found.files) {
    const fs::path path = folder / file.path;
    if (!fs::is_regular_file(path)) {
      throw error(errc::corrupt, fmt::format("{} of the backup is missing; use another backup", path.string()));
    }
    const copied_file read =
        read_through(core::open_file(path, O_RDONLY), path, [&](core::bytes_view, std::uint64_t done) {
          job.check();
          job.report("verify", before + done, total);
        });
    check_copy(read, file, path);
    before += file.size;
  }
  return found;
}

}  // namespace eunomia::backup
