#pragma once

#include <filesystem>
#include <string>

#include "core/seal.h"

namespace eunomia::subject {

// Where the master key comes from: exactly one of the three. As text it is the base64 of 32 bytes, white space around
// it ignored.
struct master_key_source {
  // Readable by its owner only; made, with a random key, where may_create says so and nothing is there.
  std::filesystem::path file;
  // The key itself, from an environment variable.
  std::string text;
  // What /bin/sh runs to print the key: the client of a key service.
  std::string command;

  // What errors call it: "the master key in /data/keys/master.key".
  std::string name() const;
};

// How long a command may take to print the key.
inline constexpr int master_key_command_seconds = 30;

// Throws errc::failed_precondition, saying what to do, for a key that is missing, malformed or readable by others.
core::secret_key read_master_key(const master_key_source& source, bool may_create);

}  // namespace eunomia::subject
