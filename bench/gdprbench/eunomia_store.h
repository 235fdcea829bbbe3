#pragma once

#include <memory>

#include "bench/gdprbench/store_under_test.h"

namespace eunomia::gdprbench {

// personal_records on SQLite in a temporary folder, with its journal beside it: full synchronous commits,
// secure_delete, a vault with its keyring in a folder of its own.
std::unique_ptr<store_under_test> make_eunomia_store(const workload_parameters& of);

}  // namespace eunomia::gdprbench
