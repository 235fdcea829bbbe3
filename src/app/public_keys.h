#pragma once

#include <filesystem>
#include <vector>

#include "core/sign.h"

namespace eunomia::app {

// Where a server leaves its public keys, newest first, below the data directory.
inline constexpr const char* public_keys_file = "keys/signing.pub";

// The public keys of a file, one a line. Throws errc::not_found or invalid_argument naming the file.
std::vector<core::public_key> read_public_keys(const std::filesystem::path& file);

}  // namespace eunomia::app
