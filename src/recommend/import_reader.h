#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/job.h"
#include "recommend/import.h"
#include "store/table/csv_writer.h"
#include "store/table/record_reader.h"

namespace eunomia::recommend {

// The good rows of a block, checked and converted, column by column; a column that the file does not have is empty.
// Views: valid until the consumer returns.
struct import_rows {
  std::vector<std::string_view> user;  // interactions, users
  std::vector<std::string_view> item;  // interactions, items
  std::vector<std::int64_t> time;      // UTC ms
  std::vector<std::string_view> event_type;
  std::vector<float> event_value;  // NaN where absent
  std::vector<std::string_view> impression;
  std::vector<std::vector<std::string_view>> metadata;  // by the position in import_reader::metadata

  std::size_t size() const { return user.empty() ? item.size() : user.size(); }
  // Those whose index the predicate says yes to.
  import_rows where(const std::function<bool(std::size_t)>& keep) const;
  void clear();
};

// Reads and checks the files of one import. A bad row ends it, or goes to the rejects.
class import_reader {
 public:
  // metadata: the columns that may follow, in the order of import_rows::metadata.
  import_reader(data_kind kind, std::vector<metadata_column> metadata, const import_options& options,
                import_report& report);

  // Shows the rows of a file block by block; returns its digest. total and before: bytes of all files and of those
  // read already, for progress.
  core::digest128 read(const std::filesystem::path& file, std::uint64_t before, std::uint64_t total, core::job& job,
                       const std::function<void(const import_rows&)>& consume);

  // Completes the file of rejects.
  void finish();

  // The columns of a file that are neither ours nor declared, upper-cased.
  static std::vector<std::string> undeclared_in(const std::filesystem::path& file, data_kind kind,
                                                std::span<const metadata_column> declared,
                                                const import_options& options);

 private:
  struct fault {
    std::string column;
    std::string reason;  // without the value: they are counted
    std::string_view value;
  };
  struct columns;

  columns columns_of(const std::filesystem::path& file, const store::table::record_reader& reader) const;
  std::optional<fault> check(std::span<const std::string_view> record, const columns& where);
  void reject(const std::filesystem::path& file, const store::table::record_reader& reader,
              const store::table::record_block& block, std::size_t row, const fault& why);

  data_kind kind_;
  std::vector<metadata_column> metadata_;
  const import_options& options_;
  import_report& report_;
  std::int64_t latest_ = 0;  // the last moment that is no future
  import_rows rows_;
  std::unique_ptr<store::table::csv_writer> rejects_;
};

// Opens CSV or Parquet, whichever the file is.
std::unique_ptr<store::table::record_reader> open_records(const std::filesystem::path& file,
                                                          const import_options& options);

// "price" -> "PRICE".
std::string upper(std::string_view name);

// Why an identifier of a person or an item cannot be imported ("is empty"), or nothing when it can, provided that it is
// UTF-8.
std::optional<std::string_view> import_identifier_fault(std::string_view id);

// The whole number or the finite number that a text is, or nothing.
std::optional<std::int64_t> integer_of(std::string_view text);
std::optional<double> number_of(std::string_view text);

}  // namespace eunomia::recommend
