#pragma once

#include <filesystem>
#include <memory>
#include <span>

#include "store/table/record_writer.h"

namespace eunomia::store::table {

// The Parquet half of open_record_writer.
std::unique_ptr<record_writer> open_parquet_writer(const std::filesystem::path& target,
                                                   std::span<const column> columns);

}  // namespace eunomia::store::table
