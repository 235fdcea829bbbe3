#pragma once

#include <filesystem>
#include <vector>

#include "core/sign.h"

namespace eunomia::app {

// Where a server leaves the public halves of the keys that it signs with, newest first, below the data directory.
inline constexpr const char* public_keys_file = "keys/signing.pub";

// The public keys of a file, one a line. Throws errc::not_found or invalid_argument naming the file.
std::vector<core::public_key> read_public_keys(const std::filesystem::path& file);

// Makes the key the first of the file, unless it is there already; the file is created when absent.
void leave_public_key(const std::filesystem::path& file, const core::public_key& key);

}  // namespace eunomia::app
