#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/admission.h"
#include "core/job.h"
#include "core/purpose.h"
#include "core/subject_handle.h"
#include "core/thread_pool.h"
#include "recommend/event.h"
#include "recommend/features.h"
#include "recommend/interactions.h"
#include "recommend/metadata_record.h"
#include "store/sql/database.h"
#include "store/table/table_store.h"
#include "subject/directory.h"
#include "subject/purpose/purposes.h"

namespace eunomia::recommend {

// The three tables of a dataset, in the words of Personalize.
enum class data_kind { interactions, items, users };
std::string_view name_of(data_kind kind) noexcept;  // "interactions"
// Throws errc::invalid_argument.
data_kind data_kind_named(std::string_view name);

// What a further column holds. category: names separated by '|', as in GENRES "Drama|War"; text: words.
enum class metadata_type { integer, number, text, category };
std::string_view name_of(metadata_type type) noexcept;  // "integer"

// A column beside those that every dataset has (interactions: USER_ID, ITEM_ID, TIMESTAMP, EVENT_TYPE, EVENT_VALUE,
// IMPRESSION; items: ITEM_ID; users: USER_ID). Names are kept in upper case.
struct metadata_column {
  std::string name;
  metadata_type type = metadata_type::text;

  // Reads "PRICE:number", "GENRES:category" or "DESCRIPTION" (text). Throws errc::invalid_argument.
  static metadata_column parse(std::string_view text);
};

struct dataset_description {
  std::string name;  // 1 to 63 of a-z, A-Z, 0-9, '-' and '_'
  std::vector<metadata_column> interactions;
  std::vector<metadata_column> items;
  std::vector<metadata_column> users;
  std::vector<core::purpose> purposes = {core::purpose("recommendation")};  // what it may be read for

  const std::vector<metadata_column>& columns_of(data_kind kind) const;
};

struct dataset_statistics {
  std::uint64_t interactions = 0;  // events that wait included
  std::uint64_t items = 0;         // known by an interaction or a row of metadata
  std::uint64_t users = 0;         // with a row of metadata
  std::uint64_t bytes = 0;         // on disk, of the three tables
};

// One thing somebody did.
struct history_event {
  std::string item_id;
  std::int64_t time = 0;   // UTC ms
  std::string event_type;  // empty: none
  float event_value = 0;   // NaN: none
};

// The same with everything that was told of it.
struct full_interaction {
  core::subject_handle who;
  history_event what;
  std::map<std::string, std::string> properties;  // columns of interactions with a value
};
inline constexpr std::size_t max_listed_interactions = 100'000;

// What is known of the items of a catalogue beside interactions, as it was imported or put.
struct item_metadata {
  std::vector<metadata_column> columns;
  std::vector<std::vector<std::optional<std::string>>> values;  // [column][item_position]; nothing where absent
  std::vector<std::string> further = {};  // items that the catalogue does not have, at the positions behind it

  // Throws errc::not_found with the columns there are; names are compared without case.
  std::size_t column_named(std::string_view name) const;
};

// How often each item occurs with the values of one column of interactions.
struct item_value_counts {
  static constexpr std::size_t max_values = 1'000;  // the most frequent are kept

  struct value_events {
    std::uint64_t events = 0;
    std::vector<std::pair<std::uint32_t, std::uint32_t>> by_item = {};  // positions in items, ascending, and events
  };
  std::vector<std::string> items;                           // every item that is, in the order in which they came
  std::uint64_t events = 0;                                 // with any value
  std::vector<std::uint32_t> by_item;                       // the same of each item
  std::map<std::string, value_events, std::less<>> values;  // by value
};

// One of the tables of a dataset, as the table store has it.
struct dataset_table {
  std::string name;  // in the table store
  std::string dataset;
  data_kind kind = data_kind::interactions;
  std::vector<metadata_column> columns;
  std::vector<core::purpose> purposes;
  std::optional<std::int64_t> days_kept;  // nothing: no limit of time
};

// Who was handed rows of a dataset, to be told when they are rectified or erased (GDPR Art. 15(1)(c), 19).
struct disclosure {
  data_kind kind = data_kind::interactions;
  std::string recipient;
  std::string purpose;
  std::uint64_t times = 0;
  std::int64_t last_at = 0;  // UTC ms
};
inline constexpr std::size_t max_recipient_bytes = 256;

// What is wrong of what is held of one person (GDPR Art. 16).
struct wrong_interaction {
  std::string item_id;
  std::int64_t time = 0;  // UTC ms
  // Where given, only what is of this type; and only what has these in columns of text, none where the text is empty.
  std::string event_type = {};
  std::map<std::string, std::string> texts = {};
};
struct rectification {
  std::map<std::string, std::string> profile;  // columns of users as they should be; empty text: nothing is known
  std::vector<wrong_interaction> wrong;        // did not happen
};
inline constexpr std::size_t max_wrong_interactions = 10'000;

struct rectified_rows {
  std::uint64_t profiles = 0;      // 1 when there is one now with what was given
  std::uint64_t interactions = 0;  // taken out
};

// That were past their time.
struct expired_rows {
  std::uint64_t interactions = 0;
  std::uint64_t profiles = 0;
};

// Of some people.
struct rows_of_people {
  std::uint64_t interactions = 0;  // of the table
  std::uint64_t profiles = 0;
  std::uint64_t waiting = 0;    // events in SQL
  std::uint64_t event_ids = 0;  // digests, in SQL

  std::uint64_t all() const { return interactions + profiles + waiting + event_ids; }
  rows_of_people& operator+=(const rows_of_people& more) {
    interactions += more.interactions;
    profiles += more.profiles;
    waiting += more.waiting;
    event_ids += more.event_ids;
    return *this;
  }
};

class datasets;
struct dataset_state;
struct put_order;

// While it lives, the events of some people are refused: see dataset::begin_forgetting. Movable.
class forgetting {
 public:
  forgetting(std::shared_ptr<dataset_state> in, std::span<const core::subject_handle> people);
  ~forgetting();
  forgetting(forgetting&&) noexcept = default;
  forgetting& operator=(forgetting&&) = delete;

 private:
  std::shared_ptr<dataset_state> state_;
  std::vector<core::subject_handle> people_;
};

// A history as memory keeps it.
struct stored_history {
  std::vector<past_event> events;  // oldest first
  std::uint64_t clock = 0;         // of the last batch of record() that it may hold
};

// One dataset: three tables, a dictionary of items, and who may read it for what. A value that refers to the datasets
// it came from and must not outlive them. Any number of threads may read it; writers take turns.
class dataset {
 public:
  const dataset_description& description() const { return description_; }
  // A number that no other dataset has or had, also of one of the same name.
  std::int64_t number() const { return id_; }
  dataset_statistics statistics() const;

  // Adds a column; what was imported before has none of it. Throws errc::already_exists.
  void declare(data_kind kind, const metadata_column& column);

  // Who may be read for a purpose now. Everything below that reads what people did or are takes a purpose, asks this,
  // and shows nobody else: not from the tables, not of what waits in SQL, not from memory. Throws
  // errc::permission_denied when the dataset does not list the purpose (rights_of_the_data_subject() needs no listing)
  // or nobody defined it.
  std::shared_ptr<const core::admission> admission_for(const core::purpose& why) const;
  // Lists a further purpose: errc::permission_denied unless a recorded decision says that it is compatible with one
  // that the data was collected for (subject::purposes::check_compatible); errc::not_found for one that nobody defined.
  // Nothing when it is listed already. also: what else belongs to the transaction, such as its entry in the audit log,
  // given the id of the decision; may be called again when the transaction is repeated.
  using also_added = std::function<void(store::sql::transaction& in, std::int64_t decision)>;
  void add_purpose(const core::purpose& added, const also_added& also = {});

  // All interactions of those who are admitted, ordered by bucket of the subject, then as imported: the same order on
  // every call. The catalogue holds the items that occur in these, and those with metadata.
  interactions load_interactions(const core::purpose& why, core::thread_pool& pool, core::job& job) const;

  // Side features of the catalogue's items and of all users with metadata, see feature_builder.h for what becomes of a
  // column.
  side_features load_features(const catalogue& items, const core::purpose& why, core::thread_pool& pool,
                              core::job& job) const;

  // The names of the features that one person's metadata gives; empty for a person without.
  std::vector<std::string> features_of(core::subject_handle who, const core::purpose& why) const;

  // One person's metadata by its columns, those without a value left out; empty for a person without, or who is not
  // admitted.
  std::map<std::string, std::string> profile_of(core::subject_handle who, const core::purpose& why) const;

  // Whether there is a row of them among the users; false of who is not admitted.
  bool has_profile(core::subject_handle who, const core::purpose& why) const;
  // The profiles of everybody who is admitted, by their handles.
  std::map<core::subject_handle, std::map<std::string, std::string>> profiles(const core::purpose& why,
                                                                              core::thread_pool& pool,
                                                                              core::job& job) const;

  // most_further: how many items that have a row and are not in the catalogue are told of at most, the newest.
  item_metadata load_item_metadata(const catalogue& items, core::thread_pool& pool, core::job& job,
                                   std::size_t most_further = 0) const;

  // What one person did, oldest first; nothing of who is not admitted.
  std::vector<history_event> history_of(core::subject_handle who, const core::purpose& why) const;
  // The same at length; nothing of who is not admitted. Throws errc::resource_exhausted above max_listed_interactions.
  std::vector<full_interaction> interactions_of(core::subject_handle who, const core::purpose& why) const;
  // What everybody who is admitted did with one item, oldest first; reads the whole table. Throws as interactions_of.
  std::vector<full_interaction> interactions_with(std::string_view item, const core::purpose& why,
                                                  core::thread_pool& pool, core::job& job) const;
  // Counts the interactions of everybody who is admitted by item and value of a declared column of interactions, those
  // without a value left out; reads the whole table, but nothing of what waits to be settled, and writes nothing.
  // Throws errc::not_found with the columns there are.
  item_value_counts count_values(std::string_view column, const core::purpose& why, core::thread_pool& pool,
                                 core::job& job) const;
  // Whether an item is known by an interaction or a row.
  bool knows_item(std::string_view item) const;
  // Whether one of these events, which memory keeps of somebody, is with that item and of that type, at that time where
  // one is given, UTC ms.
  bool occurs(std::span<const past_event> among, std::string_view item, std::string_view type,
              std::optional<std::int64_t> time = std::nullopt) const;
  // Every item that is, in the order in which they came.
  std::vector<std::string> item_ids() const;
  // The same with items and types as numbers, see live_history.h.
  stored_history compact_history_of(core::subject_handle who, const core::purpose& why) const;
  // The same of everybody who is admitted, with rows in one bucket of the tables (store/table: default_buckets), with
  // features_of; those who did something last come first. wanted is asked before the events of somebody are complete:
  // false leaves them out.
  void compact_histories(
      std::uint32_t bucket, const core::purpose& why, core::job& job,
      const std::function<bool(core::subject_handle)>& wanted,
      const std::function<void(core::subject_handle, stored_history, std::vector<std::string> features)>& told) const;

  // Stores events for good: they rest on disk when it returns, and the next history_of, load_interactions or export_to
  // has them. New people and items are added with them. Any number of threads at once. All of the batch is stored, but
  // for duplicates, or nothing. Throws errc::invalid_argument for a bad one ("events[3].item_id: is empty"), or more
  // than max_events_per_batch; errc::resource_exhausted when max_waiting_events, or too many writes, are waiting;
  // errc::unavailable when somebody of the batch is being forgotten. What people did whom none of the dataset's
  // purposes admits is counted, and not stored.
  record_report record(std::span<const event> batch, const also_stored& also = {}) const;
  // Stores rows of items or users, each in the place of what was known of its id: they rest on disk when it returns,
  // and the next answer has them. New items and people are added with them. Any number of threads at once; those that
  // come at the same time are stored by one commit. All of the rows are stored, or nothing; of one id the last. Throws
  // errc::invalid_argument for a bad one ("rows[3].PRICE: is no finite number"), or more than max_records_per_put;
  // errc::unavailable when somebody of them is being forgotten. A profile of somebody whom none of the dataset's
  // purposes admits is counted, and not stored. Until settle() joins them, rows that were replaced rest beside the new
  // ones, and statistics() counts them.
  put_report put(data_kind kind, std::span<const metadata_record> rows) const;
  // The first two are given.
  struct told_of {
    // The rows of items that are put, in the order in which they are stored, before put() returns.
    std::function<void(std::span<const metadata_record> rows)> items_put;
    // Who is forgotten, before erase_subjects() returns.
    std::function<void(std::span<const core::subject_handle> gone)> forgotten;
    // Interactions were imported, replaced, or left because their time was over.
    std::function<void()> interactions_changed = {};
  };
  // Called by the thread that changes the dataset, while what is returned lives.
  std::shared_ptr<void> tell(told_of to) const;
  waiting_events waiting() const;
  // Whether settle() should be called: settle_events are waiting, or the oldest since settle_age_ms; or so many records
  // were put, or so long ago, as metadata_record.h says.
  bool settle_due() const;
  // Moves the events that wait in SQL to Parquet, each once whenever the process is killed, and joins parts where
  // there are many, without the rows of items and users that were replaced; the number of events moved. Waits for loads
  // and exports under way. load_interactions and export_to call it first.
  std::uint64_t settle(core::thread_pool& pool, core::job& job) const;

  // Where events may arrive meanwhile, somebody is forgotten like this: hold what this returns while erase_subjects
  // runs and until the directory's entry is gone. Until then record() refuses what they do, afterwards it enrols them
  // as somebody new; without, an event in between would stay, under a handle that leads nowhere.
  forgetting begin_forgetting(std::span<const core::subject_handle> people) const;

  // Rewrites their buckets without their rows of interactions and users, and deletes their waiting events and event
  // ids; returns what was taken out, event ids uncounted. Not the directory's entry: see subject::directory. Afterwards
  // call database::checkpoint_truncate.
  rows_of_people erase_subjects(std::span<const core::subject_handle> gone, core::thread_pool& pool, core::job& job);

  // How much rests there of these people, in the tables and in SQL, whatever memory says.
  rows_of_people count_rows(std::span<const core::subject_handle> people, core::thread_pool& pool,
                            core::job& job) const;

  // Throws what rectify() would throw of these, whosever they are.
  void check(const rectification& wanted) const;
  // Takes out interactions of one person, and puts a profile with the given columns, and the others as they were, in
  // the place of the one there is. In one step; what was before rests nowhere when it returns. Those that they do
  // meanwhile are to be held back (begin_forgetting). errc::invalid_argument for a column that is not declared or a
  // value that is not of its type.
  rectified_rows rectify(core::subject_handle who, const rectification& wanted, core::thread_pool& pool,
                         core::job& job) const;

  // Takes out the interactions that are older than a moment, UTC ms, and the profiles that were imported before it of
  // people who then have no interaction; but nothing of the spared (ascending). Those that are recorded or imported
  // meanwhile may stay.
  expired_rows expire(std::int64_t before, std::span<const core::subject_handle> spared, core::thread_pool& pool,
                      core::job& job) const;
  // How often rows left it so: what was learned from rows that were read when it was less may hold some of them.
  std::int64_t expiries() const;
  // Who has interactions or a profile in the tables, ascending, whoever may be read.
  std::vector<core::subject_handle> people(core::thread_pool& pool, core::job& job) const;

  // That rows of this kind, or what was made of them about people, are handed to somebody: before they are. export_to()
  // does it by itself. Throws errc::invalid_argument for a recipient that is empty, longer than max_recipient_bytes or
  // no plain text.
  void record_disclosure(data_kind kind, std::string_view recipient, const core::purpose& why) const;
  // Writes one of the three tables to a file that import_files reads back to the same: CSV, gzip or not, or Parquet, by
  // its name (.csv, .csv.gz, .parquet; else errc::invalid_argument). Identifiers of people and items are those that
  // were imported.
  //
  //   interactions  USER_ID, ITEM_ID, TIMESTAMP, EVENT_TYPE, EVENT_VALUE, IMPRESSION and metadata, a row an event
  //   items         ITEM_ID and metadata, a row an item with metadata
  //   users         USER_ID and metadata, a row a person with metadata
  //
  // TIMESTAMP is in seconds since 1970, with a fraction where there is one; in Parquet it is BIGINT when all of them
  // are whole, else DOUBLE. Where an item or a person has several rows, it is the newest. The rows are in the order of
  // load_interactions. The file is readable by its owner only and replaces another of its name whole or not at all.
  // recipient: who is handed it, 1 to max_recipient_bytes of UTF-8 without control characters, which is on record
  // before the first row of people is written. Memory: the item identifiers, and the people of one bucket. Returns the
  // number of rows. Who is not admitted is left out, as is somebody who is forgotten, or refuses, meanwhile. Throws
  // errc::permission_denied when the dataset does not list the purpose, errc::resource_exhausted for a full disk,
  // errc::unavailable when the dataset was changed meanwhile.
  std::uint64_t export_to(data_kind kind, const std::filesystem::path& file, const core::purpose& why,
                          std::string_view recipient, core::job& job) const;
  // Whom rows about people were handed to, by kind, recipient and purpose.
  std::vector<disclosure> disclosures() const;

  // Takes out all rows of one of the tables, events that wait included but for those that come meanwhile. Identifiers
  // of people and items stay.
  void clear(data_kind kind, core::thread_pool& pool, core::job& job) const;

  // Removes the tables, the dictionary and the record of imports.
  void drop();

 private:
  friend class datasets;
  friend class dataset_import;
  friend class incoming_rows;
  friend class dataset_export;
  friend class dataset_collection;
  friend class live_history;
  friend class folding;
  dataset(datasets& owner, std::int64_t id, dataset_description description);

  std::string table_name(data_kind kind) const;
  void put_items(std::span<put_order* const> orders) const;
  void put_users(std::span<put_order* const> orders) const;
  bool join_put_due() const;
  void join_put(core::thread_pool& pool, core::job& job) const;
  std::map<std::string, std::string> checked_profile(const rectification& wanted) const;
  std::unique_ptr<store::table::removal> stage_wrong(core::subject_handle who, std::span<const wrong_interaction> wrong,
                                                     core::thread_pool& pool, core::job& job) const;
  std::unique_ptr<store::table::appender> stage_profile(core::subject_handle who,
                                                        const std::map<std::string, std::string>& changed,
                                                        core::thread_pool& pool, core::job& job) const;
  // Names what is staged, and that rows were past their time; how many.
  std::uint64_t commit_expired(store::table::removal& staged, std::int64_t before) const;
  std::uint64_t expire_profiles(std::int64_t before, std::span<const core::subject_handle> spared,
                                core::thread_pool& pool, core::job& job) const;
  item_value_counts scan_values(const metadata_column& column, const core::purpose& why, core::thread_pool& pool,
                                core::job& job) const;
  interactions scan_interactions(const core::purpose& why, core::thread_pool& pool, core::job& job) const;

  datasets* owner_;
  std::int64_t id_;
  dataset_description description_;
  std::shared_ptr<dataset_state> state_;
};

// The datasets of a data directory. One process has a database of them open, in one of these.
class datasets {
 public:
  // Brings the schema of this room up to date, and seals profiles that rest in the clear. All must outlive this.
  // purposes: the access policy of the table store.
  datasets(store::sql::database& sql, store::table::table_store& tables, subject::durable_directory& people,
           const subject::purposes& purposes);

  // Throws errc::already_exists; errc::invalid_argument for a bad name, a column that occurs twice or no purpose;
  // errc::permission_denied for a purpose that nobody defined.
  dataset create(const dataset_description& wanted);
  // Throws errc::not_found with the names there are.
  dataset open(std::string_view name);
  std::vector<dataset_description> list() const;
  // The tables of all of them.
  std::vector<dataset_table> tables() const;
  // Those of the texts that are an item's identifier in any of them, each once.
  std::vector<std::string> item_ids_among(std::span<const std::string> texts) const;
  // Who is not admitted for the purpose because they said so themselves, ascending: they object, had their data
  // restricted, or withdrew their consent.
  std::vector<core::subject_handle> people_who_refuse(const core::purpose& why) const;
  // Whose events wait in SQL, ascending.
  std::vector<core::subject_handle> people_with_waiting_events() const;

 private:
  friend class dataset;
  friend class dataset_import;
  friend class incoming_rows;
  friend class dataset_export;
  friend class dataset_collection;

  void check_purposes(const dataset_description& wanted) const;
  void seal_profiles();
  std::shared_ptr<dataset_state> state_of(std::int64_t id);
  void forget_state_of(std::int64_t id);

  store::sql::database& sql_;
  store::table::table_store& tables_;
  subject::durable_directory& people_;
  const subject::purposes& purposes_;
  std::atomic<std::int64_t> last_event_ = 0;  // the greatest id of an event
  std::mutex mutex_;
  std::map<std::int64_t, std::shared_ptr<dataset_state>> states_;
};

}  // namespace eunomia::recommend
