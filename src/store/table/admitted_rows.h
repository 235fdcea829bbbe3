#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/admission.h"
#include "core/data_keys.h"
#include "store/table/table_store.h"

namespace eunomia::store::table {

// What of a chunk may be shown: takes the rows of people who are not admitted, or have no key where one is needed, out
// of it. The memory is used again for the next chunk. For one thread.
class admitted_rows {
 public:
  // keys: null where none is needed. rows then views this where rows were left out, until the next call; the number of
  // rows left out.
  std::size_t take_out(const core::admission& by, const core::data_keys* keys, chunk& rows);

 private:
  // A column's values as DuckDB lays them out: text by its 16-byte strings, which view the chunk or hold the bytes.
  struct column_copy {
    std::vector<std::uint64_t> words;
    std::vector<std::uint64_t> valid;
  };

  column_view copy(const column_view& from, column_copy& into) const;

  std::vector<std::uint32_t> kept_;
  std::vector<std::int64_t> subjects_;
  std::vector<column_copy> columns_;
};

}  // namespace eunomia::store::table
