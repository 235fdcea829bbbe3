#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/data_keys.h"
#include "core/job.h"
#include "core/thread_pool.h"
#include "store/table/manifest.h"
#include "store/table/part_files.h"
#include "store/table/table_store.h"

namespace eunomia::store::table {

// Some parts of one bucket, and the rows that are to leave them.
struct rewrite_order {
  std::vector<part> old;
  std::optional<row_filter> leaving;  // nothing: none, the parts are only joined
  std::string last_of;                // a column: of the joined rows with one value of it the last stays; empty: all do
};

// Runs the orders on the pool. A part without such a row is left as it is. unlink is called in committed() with the
// old parts.
std::unique_ptr<removal> stage_rewrites(part_files& files, manifest::table_entry entry,
                                        std::span<const rewrite_order> orders, core::thread_pool& pool, core::job& job,
                                        std::function<void(std::span<const part>)> unlink);

// Writes parts of a table none of whose columns rest sealed as `sealed` describes it: the columns change with the
// commit. orders: their parts, without rows to leave.
std::unique_ptr<removal> stage_sealing(part_files& files, manifest::table_entry entry, table_description sealed,
                                       const core::data_key_source& keys, std::span<const rewrite_order> orders,
                                       core::thread_pool& pool, core::job& job,
                                       std::function<void(std::span<const part>)> unlink);

// Takes a whole table out of the manifest. unlink is called in committed() with the table's number and its parts.
std::unique_ptr<removal> make_drop(std::string table, std::function<void(std::int64_t, std::span<const part>)> unlink);
// The same with all of its parts, and the table stays.
std::unique_ptr<removal> make_clearing(std::string table,
                                       std::function<void(std::int64_t, std::span<const part>)> unlink);

}  // namespace eunomia::store::table
