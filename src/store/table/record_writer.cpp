#include "store/table/record_writer.h"

#include <fmt/format.h>

#include "core/error.h"
#include "store/table/csv_writer.h"
#include "store/table/parquet_writer.h"

namespace eunomia::store::table {

namespace {

class csv_record_writer final : public record_writer {
 public:
  csv_record_writer(const std::filesystem::path& target, std::span<const column> columns) : out_(target) {
    for (const column& c : columns) {
      out_.text(c.name);
    }
    out_.end_record();
  }

  void write(column_batch& rows) override {
    for (std::size_t i = 0; i < rows.rows(); ++i) {
      for (const column_values& values : rows.columns) {
        write_value(values, i);
      }
      out_.end_record();
    }
    rows.clear();
  }

  void finish() override { out_.finish(); }

 private:
  void write_value(const column_values& values, std::size_t row) {
    if (values.is_null(row)) {
      out_.absent();
      return;
    }
    switch (values.type()) {
      case column_type::int64: out_.number(values.int64()[row]); break;
      case column_type::float64: out_.number(values.float64()[row]); break;
      case column_type::text: out_.text(values.text(row)); break;
    }
  }

  csv_writer out_;
};

}  // namespace

record_format record_format_of(const std::filesystem::path& file) {
  const std::string name = file.filename().string();
  if (name.ends_with(".csv")) {
    return record_format::csv;
  }
  if (name.ends_with(".csv.gz")) {
    return record_format::csv_gzip;
  }
  if (name.ends_with(".parquet")) {
    return record_format::parquet;
  }
  throw core::error(core::errc::invalid_argument,
                    fmt::format("{}: the name of the file says how it is written; let it end in .csv, .csv.gz or "
                                ".parquet",
                                file.string()));
}

std::unique_ptr<record_writer> open_record_writer(const std::filesystem::path& target,
                                                  std::span<const column> columns) {
  if (record_format_of(target) == record_format::parquet) {
    return open_parquet_writer(target, columns);
  }
  return std::make_unique<csv_record_writer>(target, columns);
}

}  // namespace eunomia::store::table
