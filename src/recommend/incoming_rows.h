#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "core/subject_handle.h"
#include "recommend/dataset.h"
#include "recommend/import_reader.h"
#include "recommend/item_dictionary.h"
#include "store/table/table_store.h"
#include "subject/directory.h"

namespace eunomia::recommend {

// Rows on their way into one table of a dataset, from files or put one by one. People get their handles from an
// enrolment and items from the dictionary, both of which keep what is new in memory; rows go to an appender, which
// keeps or stages them, sealed with keys that nobody else has before they are published. One SQL transaction then makes
// all of it the dataset's; until it commits nothing can be seen, and what a kill leaves is swept. Not thread-safe; used
// once.
class incoming_rows {
 public:
  // columns: the table's metadata, and behind them those that the transaction declares. written_at: when what comes was
  // written down, UTC ms: who asked to be erased after it is nobody; nothing: now.
  incoming_rows(const dataset& into, data_kind kind, std::vector<metadata_column> columns,
                std::optional<std::int64_t> written_at, core::thread_pool& pool);

  // Takes rows, whose people are enrolled; the number of those of nobody, which are left out.
  std::uint64_t take(const import_rows& rows);
  // Takes rows of people whose handles the enrolment gave, in this order.
  void append(const import_rows& rows, std::span<const core::subject_handle> people);
  // Call once, behind the last.
  void finish() { rows_->finish(); }
  // Stages that the rows of items and users that these replace leave the table with the transaction. Reads and rewrites
  // what holds them. Beyond store::table::max_named_rows they stay: the last row of an id counts.
  void replace_older(core::thread_pool& pool, core::job& job);
  // Stages instead that everything which the table has then leaves it.
  void replace_all();
  // also: what else belongs to the transaction; may be called again when that is repeated.
  void publish(const std::function<void(store::sql::transaction& in)>& also = {});

  subject::enrolment* people() { return people_.get(); }         // null for items
  const item_dictionary* items() const { return items_.get(); }  // null for users
  std::uint64_t rows() const { return rows_->rows(); }
  std::int64_t now() const { return now_; }
  std::span<const metadata_column> columns() const { return columns_; }

 private:
  datasets& house_;
  const dataset& into_;
  const data_kind kind_;
  const std::int64_t now_;
  const std::vector<metadata_column> columns_;
  const std::size_t first_new_;
  std::vector<store::table::column> added_;
  std::unique_ptr<store::table::column_batch> batch_;
  std::unique_ptr<subject::enrolment> people_;
  std::unique_ptr<store::table::appender> rows_;
  std::unique_ptr<store::table::removal> older_;
  std::unique_ptr<item_dictionary> items_;
  std::vector<core::subject_handle> handles_;
  std::vector<std::int64_t> upserted_;  // handles of the items or users that got a row
};

}  // namespace eunomia::recommend
