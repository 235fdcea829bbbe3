#pragma once

#include <span>
#include <string>
#include <string_view>

#include "store/sql/database.h"

// The steps of a schema within one transaction: what migrate() and load() share.
namespace eunomia::store::sql {

void create_table_of_steps(transaction& in);
// The statements of one step, without a note that it was applied.
void run_step(transaction& in, std::string_view sql);
// Applies and notes those that were not applied; errors as migrate() has them. database: what they call it.
void apply_missing_steps(transaction& in, const std::string& database, std::span<const migration> steps);

}  // namespace eunomia::store::sql
