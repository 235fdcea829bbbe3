#pragma once

#include <memory>
#include <string>

#include "store/sql/database.h"

namespace eunomia::store::sql {

std::unique_ptr<database> open_sqlite(const std::string& path, const options& with);

}  // namespace eunomia::store::sql
