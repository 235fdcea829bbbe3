#pragma once

#include <string_view>

#include "store/sql/database.h"
#include "subject/audit/certificate.h"

// How certificates tell of rows of the database.
namespace eunomia::subject {

constexpr std::string_view store_of_rows(store::sql::engine speaks) {
  return speaks == store::sql::engine::sqlite ? "sqlite" : "postgresql";
}

// What rows are that were deleted, and whose log was emptied (database::checkpoint_truncate).
constexpr erasure_level level_of_deleted_rows(store::sql::engine speaks) {
  return speaks == store::sql::engine::sqlite ? erasure_level::physically_erased : erasure_level::logically_deleted;
}

}  // namespace eunomia::subject
