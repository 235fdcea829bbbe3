#include "store/table/batch_source.h"

#include <duckdb.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace eunomia::store::table {

void mark_null(duckdb_vector vector, std::size_t row) {
  duckdb_vector_ensure_validity_writable(vector);
  duckdb_validity_set_row_invalid(duckdb_vector_get_validity(vector), row);
}

void fill_column(const column_values& values, std::size_t begin, std::size_t count, duckdb_vector into) {
  switch (values.type()) {
    case column_type::int64:
      std::memcpy(duckdb_vector_get_data(into), values.int64().data() + begin, count * sizeof(std::int64_t));
      break;
    case column_type::float64:
      std::memcpy(duckdb_vector_get_data(into), values.float64().data() + begin, count * sizeof(double));
      break;
    case column_type::text:
      for (std::size_t i = 0; i < count; ++i) {
        if (!values.is_null(begin + i)) {
          const std::string_view text = values.text(begin + i);
          duckdb_vector_assign_string_element_len(into, i, text.data(), text.size());
        }
      }
      break;
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (values.is_null(begin + i)) {
      mark_null(into, i);
    }
  }
}

void fill_chunk(const column_batch& batch, std::size_t begin, std::size_t count, duckdb_data_chunk into) {
  std::size_t at = 0;
  if (!batch.subjects.empty()) {
    std::memcpy(duckdb_vector_get_data(duckdb_data_chunk_get_vector(into, at++)), batch.subjects.data() + begin,
                count * sizeof(std::int64_t));
  }
  for (const column_values& values : batch.columns) {
    fill_column(values, begin, count, duckdb_data_chunk_get_vector(into, at++));
  }
}

std::size_t batch_source::fill(std::size_t begin, std::size_t most, duckdb_data_chunk into) const {
  const std::size_t count = std::min(most, batch_.rows() - begin);
  if (count > 0) {
    fill_chunk(batch_, begin, count, into);
  }
  return count;
}

}  // namespace eunomia::store::table
