#pragma once

#include <memory>
#include <string>

#include "store/sql/database.h"

namespace eunomia::store::sql {

std::unique_ptr<database> open_postgresql(const std::string& url, const options& with);

}  // namespace eunomia::store::sql
