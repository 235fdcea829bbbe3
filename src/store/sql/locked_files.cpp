#include "store/sql/locked_files.h"

namespace eunomia::store::sql {

std::vector<std::filesystem::path> locked_files(const database& of) {
  if (of.speaks() != engine::sqlite) {
    return {};
  }
  // The log itself has no locks (sqlite.org/walformat.html, "The WAL-Index").
  return {of.name(), of.name() + "-shm"};
}

}  // namespace eunomia::store::sql
