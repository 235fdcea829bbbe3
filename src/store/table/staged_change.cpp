#include <algorithm>

#include "store/sql/in_doubt.h"
#include "store/table/table_store.h"

namespace eunomia::store::table {

namespace {

// True only where it is certain.
bool known_to_be_committed(sql::database& sql, std::span<staged_change* const> staged) noexcept {
  try {
    // One transaction has all of them.
    const auto one = std::find_if(staged.begin(), staged.end(), [](const staged_change* s) { return s != nullptr; });
    return one != staged.end() && sql.read([&](sql::connection& in) { return (*one)->was_committed(in); });
  } catch (const std::exception&) {
    return false;
  }
}

}  // namespace

bool write_naming(sql::database& sql, std::span<staged_change* const> staged,
                  const std::function<void(sql::transaction&)>& body) {
  bool in_doubt = false;
  try {
    sql::write_or_doubt(sql, body, [&] {
      in_doubt = true;
      for (staged_change* const one : staged) {
        if (one != nullptr) {
          one->in_doubt();
        }
      }
    });
  } catch (const core::error&) {
    if (!in_doubt || !known_to_be_committed(sql, staged)) {
      throw;
    }
  }
  return !in_doubt;
}

}  // namespace eunomia::store::table
