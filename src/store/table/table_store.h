#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/admission.h"
#include "core/data_keys.h"
#include "core/job.h"
#include "core/purpose.h"
#include "core/subject_handle.h"
#include "core/thread_pool.h"
#include "store/blob/blob_store.h"
#include "store/sql/database.h"
#include "store/table/column_batch.h"

// Append-only facts at scale. A table is a set of immutable Parquet files, its parts, on the blob store; one that is
// about people is cut into buckets by core::partition_of(subject), so that erasing somebody rewrites one bucket. The
// manifest in SQL says which parts make up a table, and nothing else does: a part is written and fsynced first, then
// named by a transaction, and what no manifest names is swept when the store is opened, and only then: later a file
// without a name may be about to get one. So a kill at any moment leaves the table before a change or after it.
//
// A column of people's may rest sealed with the key of the person whom the row is about, so that no copy of a part can
// be read once that key is destroyed. Who appends and who scans does not see it. Rows are rewritten without being
// opened. A row whose person has no key any more is shown to nobody who asks for such a column.
namespace eunomia::store::table {

inline constexpr std::uint32_t default_buckets = 64;
inline constexpr std::uint32_t max_buckets = 65'536;
inline constexpr std::size_t max_table_name_bytes = 128;
inline constexpr std::size_t max_columns = 256;
inline constexpr std::size_t max_column_name_bytes = 128;
// The most subjects that one erasure or scan, and values that one removal, may name.
inline constexpr std::size_t max_named_rows = 1'000'000;
// The column that holds the handles in a table about people; no other may have its name.
inline constexpr std::string_view subject_column = "subject";
// The column of a part that holds what rests sealed; no column of a table may have its name either.
inline constexpr std::string_view sealed_column = "sealed_values";

struct table_description {
  std::string name;  // 1 to 128 of a-z, 0-9, '-', '_', '.' and '/'
  bool about_people = true;
  std::vector<column> columns;  // distinct when compared without case; every one may be null
  // For which a table about people may be read, beside core::purpose::rights_of_the_data_subject(), which every one
  // lists without being told.
  std::vector<core::purpose> purposes;
  std::uint32_t buckets = default_buckets;  // 1 for a table that is not about people
};

// A part as the manifest names it.
struct part {
  std::int64_t id = 0;
  std::uint32_t bucket = 0;
  std::int64_t sequence = 0;  // order within the bucket
  blob_ref blob;
  std::uint64_t rows = 0;
  std::size_t columns = 0;  // how many of the table's columns it has: the first so many; the others read as null
};

// Some rows of one part, in the order in which they were appended.
struct chunk {
  std::uint32_t bucket;
  // In a scan of all subjects the rows of the table are numbered from 0, by bucket, then in the order of appending,
  // whoever may be read: two scans give a row the same number as long as the table does not change. 0 in a scan of
  // some subjects.
  std::uint64_t first_row;
  std::size_t rows;
  std::span<const std::int64_t> subjects;  // empty in a table that is not about people
  std::vector<column_view> columns;        // those asked for, in that order
  // Where rows of people who are not admitted stood between these: how far each row is behind first_row, ascending.
  // Empty: 0, 1, 2, ...
  std::span<const std::uint32_t> offsets = {};

  // The number of one of the rows.
  std::uint64_t number(std::size_t row) const { return first_row + (offsets.empty() ? row : offsets[row]); }
};

// Rows that are old: those whose value of an int64 column, a time say, is less than the bound. One without a value is
// not.
struct rows_below {
  std::string_view column;
  std::int64_t bound = 0;
};

// Some rows of one person: those that have all values of one of the keys, in columns of int64 or text that rest in the
// clear. monostate: null.
using key_value = std::variant<std::monostate, std::int64_t, std::string>;
using row_key = std::vector<std::pair<std::string, key_value>>;
struct rows_of_person {
  core::subject_handle who;
  std::span<const row_key> keys;
};

struct scan_report {
  std::uint64_t shown = 0;
  // Rows of people who are not admitted, which are not counted in a scan of some subjects, or have no key where one is
  // needed.
  std::uint64_t withheld = 0;
};

struct scan_options {
  std::span<const core::subject_handle> subjects = {};  // empty: all
  std::span<const std::uint32_t> buckets = {};          // empty: all
};

struct store_options {
  std::uint64_t memory_limit = std::uint64_t(1) << 30;  // DuckDB's, bytes
  std::size_t staged_bytes = std::size_t(1) << 30;      // rows an appender keeps before it writes parts
};

// A change of a table whose parts are written and whose transaction is still to come. Destroyed before committed() or
// in_doubt(), it removes what it wrote.
class staged_change {
 public:
  virtual ~staged_change() = default;

  // Changes the manifest, within the caller's transaction, which write_naming() runs; may be called again when that is
  // repeated.
  virtual void commit(sql::transaction& in) = 0;
  // Call after the transaction: from here on the manifest names what was written.
  virtual void committed() = 0;
  // Call when nobody knows whether the transaction was committed: what was written stays where it is, and what the
  // manifest does not name then is swept when the store is next opened.
  virtual void in_doubt() noexcept = 0;
  // Asked after in_doubt(), in a later snapshot. False may also mean: not yet.
  virtual bool was_committed(sql::connection& in) = 0;
};

// Rows on their way into one table. They are in no table until commit(). For one thread.
class appender : public staged_change {
 public:
  // Takes the rows; writes parts on the pool when more than store_options::staged_bytes are waiting.
  // errc::invalid_argument when the batch has other columns than the table, or a subject is 0.
  virtual void append(const column_batch& rows) = 0;
  // Writes what is waiting. Call once, before commit().
  virtual void finish() = 0;
  // errc::failed_precondition when the table was dropped meanwhile.
  void commit(sql::transaction& in) override = 0;
  void committed() noexcept override = 0;

  virtual std::uint64_t rows() const = 0;
};

// Parts rewritten without some rows, to be swapped in, or all parts of a table, to be dropped, with it or alone.
class removal : public staged_change {
 public:
  virtual std::uint64_t rows() const = 0;  // that are taken out; of all, known after commit()
  // errc::unavailable when another writer rewrote one of the parts meanwhile.
  void commit(sql::transaction& in) override = 0;
  // Waits for the scans that began before it and unlinks the old parts. Scans that begin meanwhile do not wait.
  void committed() override = 0;
};

// Runs body, the transaction that commits the staged changes (null ones are skipped); call their committed() when it
// returns. Where the answer to the commit is lost, they are in doubt, and the manifest is asked: this returns when it
// has them, false, and throws the errc::unavailable of the lost answer when it has not or cannot be asked. True: the
// answer came.
bool write_naming(sql::database& sql, std::span<staged_change* const> staged,
                  const std::function<void(sql::transaction&)>& body);

// Safe from any number of threads; not from the tasks of the pool that a call is given.
class table_store {
 public:
  virtual ~table_store() = default;

  // errc::already_exists, errc::invalid_argument.
  virtual void create(sql::transaction& in, const table_description& description) = 0;
  // Adds a column that is null in every row there is. errc::already_exists.
  virtual void add_column(sql::transaction& in, std::string_view table, const column& added) = 0;
  // The whole table, with the parts that it has when the transaction of commit() runs: errc::not_found from there.
  virtual std::unique_ptr<removal> stage_drop(std::string_view table) = 0;
  // All rows that the table has when the transaction of commit() runs; what else that transaction names, after it,
  // stays. errc::not_found from there.
  virtual std::unique_ptr<removal> stage_clear(std::string_view table) = 0;

  // errc::not_found, here and below.
  virtual table_description describe(std::string_view table) = 0;
  virtual std::vector<part> parts(std::string_view table) = 0;  // by bucket and sequence
  virtual std::vector<std::string> tables() = 0;

  // The pool must outlive the appender. added: columns that the transaction of commit() adds to the table before it;
  // the batches have them after the table's own. keys: that rows are sealed with, of people who may not have them in
  // the vault yet; null: the store's own; must outlive the appender. Where columns rest sealed, append() and finish()
  // throw errc::failed_precondition for a row of somebody without a key, and commit() when the columns were sealed
  // since.
  virtual std::unique_ptr<appender> append(std::string_view table, core::thread_pool& pool,
                                           std::span<const column> added = {},
                                           const core::data_key_source* keys = nullptr) = 0;

  // From here on these columns of a table about people rest sealed, also in the rows that are there: those whose person
  // has no key lose the values. In one transaction; what rested in the clear is unlinked. False when they all rest
  // sealed already. errc::failed_precondition when some columns do and others are named. Memory: one bucket for each
  // worker.
  virtual bool seal(std::string_view table, std::span<const std::string_view> columns, core::thread_pool& pool,
                    core::job& job) = 0;

  // Adds a purpose to the list of a table about people. Whether that may be is for the caller to know (GDPR Art.
  // 5(1)(b)).
  virtual void add_purpose(sql::transaction& in, std::string_view table, const core::purpose& added) = 0;

  // Shows the rows to visit: of all subjects, the parts in parallel on the pool (several threads call visit at once,
  // one of them for a part); of named subjects, in order, on the caller's thread. Columns are named without case;
  // errc::invalid_argument for one that the table does not have. errc::corrupt, naming the part, for a row that does
  // not open.
  //
  // There is no scan without a purpose. Of a table about people it shows the rows of those whom the access policy
  // admits for the purpose at the moment the scan begins, and nobody else's. errc::permission_denied unless the table
  // lists the purpose and the policy knows it; and for rights_of_the_data_subject() unless subjects are named: nobody
  // reads a whole table with it.
  virtual scan_report scan(std::string_view table, const core::purpose& why, std::span<const std::string_view> columns,
                           const scan_options& options, core::thread_pool& pool, core::job& job,
                           const std::function<void(const chunk&)>& visit) = 0;

  // Rewrites the parts that hold rows of these subjects (only their buckets are looked at), and returns the number of
  // rows erased. On return the bytes are gone from the blob store.
  virtual std::uint64_t erase(std::string_view table, std::span<const core::subject_handle> subjects,
                              core::thread_pool& pool, core::job& job) = 0;
  // The same in two steps, to be part of a larger change.
  virtual std::unique_ptr<removal> stage_erase(std::string_view table, std::span<const core::subject_handle> subjects,
                                               core::thread_pool& pool, core::job& job) = 0;
  // Takes out some rows of one person; at most max_named_rows keys.
  virtual std::unique_ptr<removal> stage_erase_some(std::string_view table, const rows_of_person& gone,
                                                    core::thread_pool& pool, core::job& job) = 0;
  // Takes out the rows whose int64 column has one of these values: for tables that are not about people.
  virtual std::unique_ptr<removal> stage_remove(std::string_view table, std::string_view column,
                                                std::span<const std::int64_t> values, core::thread_pool& pool,
                                                core::job& job) = 0;

  // Takes out the old rows of a table about people, but for those of the spared.
  virtual std::unique_ptr<removal> stage_expire(std::string_view table, const rows_below& old,
                                                std::span<const core::subject_handle> spared, core::thread_pool& pool,
                                                core::job& job) = 0;
  // Who has rows in a table about people, ascending, whoever may be read; with all_of, those all of whose rows are old.
  // For who decides what may stay, and needs to know of whom there is anything and nothing of what it says.
  virtual std::vector<core::subject_handle> people_of(std::string_view table, const std::optional<rows_below>& all_of,
                                                      core::thread_pool& pool, core::job& job) = 0;

  // Joins the parts of every bucket that has more than max_parts into one; the number of buckets rewritten. last_of:
  // subject_column of a table about people, or an int64 column of another; of the rows with one value of it that are
  // joined only the last stays.
  virtual std::size_t compact(std::string_view table, std::size_t max_parts, core::thread_pool& pool, core::job& job,
                              std::optional<std::string_view> last_of = std::nullopt) = 0;

  // Reads every part: size, digest, number of rows. errc::corrupt names the part.
  virtual void verify(std::string_view table, core::thread_pool& pool, core::job& job) = 0;
};

// The blobs that a snapshot of the manifest names, of all tables.
std::vector<blob_ref> named_blobs(sql::connection& in);

// Brings the schema of this room up to date, and sweeps, unless something is being written to the blob store already:
// then the next opening does. blob_folder is the folder of the blob store: DuckDB may touch
// nothing outside it. policy says who may be read for what; every scan asks it. keys are those that rows are sealed
// with. Both stores, the policy and the keys must outlive the table store.
std::unique_ptr<table_store> open_table_store(sql::database& sql, blob_store& blobs,
                                              const std::filesystem::path& blob_folder,
                                              const core::access_policy& policy, const core::data_key_source& keys,
                                              const store_options& options = {});

}  // namespace eunomia::store::table
