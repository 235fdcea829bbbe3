#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "core/data_keys.h"
#include "core/thread_pool.h"
#include "store/table/manifest.h"
#include "store/table/part_files.h"
#include "store/table/table_store.h"

namespace eunomia::store::table {

// The appender of a Parquet table: rows wait in memory, one batch a bucket, and become a part a bucket when there are
// more than staged_bytes of them. The files and the keys, with which it seals, must outlive it.
std::unique_ptr<appender> make_appender(part_files& files, manifest::table_entry entry,
                                        const core::data_key_source& keys, std::size_t staged_bytes,
                                        core::thread_pool& pool);

}  // namespace eunomia::store::table
