#pragma once

#include <filesystem>
#include <vector>

#include "store/sql/database.h"

namespace eunomia::store::sql {

// The files on which the engine holds POSIX record locks in this process. Who reads one of them otherwise must not
// close it (core/lasting_descriptor.h): another process would find the database unused, and clear the index of its log
// under the feet of this one, which ends with SIGBUS. Empty for PostgreSQL.
std::vector<std::filesystem::path> locked_files(const database& of);

}  // namespace eunomia::store::sql
