#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>

#include "backup/manifest.h"
#include "core/digest.h"
#include "core/file.h"

// Files of a backup on their way out and back.
namespace eunomia::backup {

struct copied_file {
  std::uint64_t size = 0;
  core::digest256 digest;   // BLAKE2b: what the manifest keeps
  core::digest128 content;  // XXH3-128: what the table of blobs keeps
};

// Reads a file from where its descriptor stands to the end. take has each block, and how many bytes came with it and
// before.
copied_file read_through(const core::file_descriptor& from, const std::filesystem::path& named,
                         const std::function<void(core::bytes_view block, std::uint64_t done)>& take);

// The same into a new file, readable by its owner. Not durable until the caller asks the file system (make_durable):
// once for all files of a folder instead of once for each. Its folder is made.
copied_file copy(const core::file_descriptor& from, const std::filesystem::path& named, const std::filesystem::path& to,
                 const std::function<void(std::uint64_t done)>& told);

// Throws errc::corrupt, naming the file, when it is not what the manifest says.
void check_copy(const copied_file& found, const kept_file& wanted, const std::filesystem::path& named);

// Everything that was written to the file system of a folder is durable when it returns.
void make_durable(const std::filesystem::path& folder);

// A folder that this user alone can look into, and those above it where they are missing.
void make_private_folder(const std::filesystem::path& folder);

}  // namespace eunomia::backup
