#include "store/sql/database.h"

#include <fmt/format.h>

#include "store/sql/dialect.h"
#include "store/sql/postgresql_database.h"
#include "store/sql/sqlite_database.h"

namespace eunomia::store::sql {

std::unique_ptr<database> database::open(const std::string& url_or_path, const options& with) {
  if (url_or_path.starts_with("postgresql://") || url_or_path.starts_with("postgres://")) {
    return open_postgresql(url_or_path, with);
  }
  if (url_or_path.find("://") != std::string::npos) {
    throw core::error(core::errc::invalid_argument,
                      fmt::format("database \"{}\": give a path (SQLite) or a URL that begins with postgresql://",
                                  without_password(url_or_path)));
  }
  return open_sqlite(url_or_path, with);
}

}  // namespace eunomia::store::sql
