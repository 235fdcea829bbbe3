#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/digest.h"
#include "core/job.h"
#include "core/sign.h"
#include "store/sql/database.h"
#include "subject/audit/pseudonym.h"

// An append-only log of who did what to whose data. Each entry carries the hash of the one before, and checkpoints sign
// the newest, so that an entry that was changed, removed, inserted or exchanged is found and named (verify).
//
// What the chain cannot show:
// - that an entry is true: it shows that nobody changed it since it was recorded;
// - anything, against somebody who has the database and the signing key, or who signs through the running server: they
//   can write another log. Positions that were given away before (certificates name one each) then no longer fit:
//   verify takes them as anchors;
// - changes behind the last checkpoint, against somebody who has the database only: entries there can be cut off or
//   rewritten together with the head, and so can older ones by whoever removes the newest checkpoints too. The report
//   says how many entries that are; anchors show it.
namespace eunomia::subject {

// Who acted: the server itself, or the owner of a token. Labels of tokens name an application or an office; they are
// not erased with a data subject, so they should not name a person.
class actor {
 public:
  static constexpr std::size_t max_label_bytes = 128;

  static actor system() { return actor("system"); }
  // "token shop frontend". Throws errc::invalid_argument unless the label has 1 to max_label_bytes bytes of UTF-8
  // without control characters.
  static actor token(std::string_view label);

  const std::string& text() const noexcept { return text_; }

 private:
  explicit actor(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

inline constexpr std::size_t max_audit_action_bytes = 64;
inline constexpr std::size_t max_audit_details_bytes = 4096;
// Of one append(span).
inline constexpr std::size_t max_audit_batch = 100'000;
// Of one page of entries().
inline constexpr std::size_t max_audit_page = 1000;

// What is to be recorded.
struct audit_entry {
  actor by = actor::system();
  // 1 to max_audit_action_bytes of a-z, 0-9, '_', '-' and '.': "erasure.completed".
  std::string action;
  // Nothing: it is about nobody, or about many.
  std::optional<pseudonym> about = {};
  // A JSON object on one line, at most max_audit_details_bytes: write_json of a described struct. Holds nothing that
  // leads to a person: no raw identifier, no handle, no text that somebody typed about somebody.
  std::string details = "{}";
};

// A place in the log and the hash that stands for everything up to it. Sequences count 1, 2, 3, ... without a gap.
struct audit_position {
  std::int64_t sequence = 0;
  core::digest256 hash;
  friend bool operator==(const audit_position&, const audit_position&) = default;
};

// An entry as it was recorded.
struct recorded_audit_entry {
  std::int64_t sequence = 0;
  std::int64_t at_ms = 0;
  std::string actor;
  std::string action;
  std::string subject;  // pseudonym::text(), or empty
  std::string details;
  core::digest256 hash;
};

struct audit_filter {
  std::int64_t after = 0;  // sequence
  std::size_t limit = 100;
  std::optional<pseudonym> about = {};
  std::string action = {};  // exactly; empty: any
};

struct audit_checkpoint {
  audit_position at;
  std::int64_t signed_at_ms = 0;
  core::signature signature;
  std::string key_id;
};

// A position known from elsewhere, such as a certificate, and what to call that in messages.
struct audit_anchor {
  audit_position at;
  std::string source;
};

struct audit_report {
  std::string log_id;
  std::int64_t entries = 0;
  core::digest256 hash;  // of the last entry; of the empty log when there is none
  std::int64_t checkpoints = 0;
  std::int64_t last_signed = 0;  // sequence; 0: there is no checkpoint
  std::int64_t last_signed_at_ms = 0;
  // Behind the last checkpoint: protected by the chain only.
  std::int64_t unsigned_entries = 0;
};

// Safe from any number of threads; on PostgreSQL from any number of processes. The database outlives it.
class audit_log {
 public:
  // Brings the schema up to date, and begins the log when there is none.
  explicit audit_log(store::sql::database& in);
  ~audit_log();
  audit_log(const audit_log&) = delete;
  audit_log& operator=(const audit_log&) = delete;

  // 32 hexadecimal digits, random, made with the log.
  const std::string& id() const noexcept;

  // Records within the caller's transaction: durable with the change that it belongs to, absent when that rolls back.
  // One update and one insert, at about a microsecond of hashing. On PostgreSQL two transactions that append conflict
  // and the later one runs again, so append last; and each append makes the next of its transaction slower, so record
  // more than a few by the span. Throws errc::invalid_argument for an entry beyond the limits above,
  // before it writes; errc::corrupt when the head of the log is missing.
  audit_position append(store::sql::transaction& in, const audit_entry& entry);
  // Several, in order, by insert_many; the position of the last, or the head when there are none. Throws
  // errc::invalid_argument for more than max_audit_batch too.
  audit_position append(store::sql::transaction& in, std::span<const audit_entry> entries);
  // One entry, for who has no log open, such as a restore while it loads the rows of one. Throws as append();
  // errc::corrupt when the database has no log.
  static audit_position append_to(store::sql::transaction& in, const audit_entry& entry);

  // For who makes entries durable elsewhere first, such as in a journal, and moves them to the table later, many at a
  // time. One such writer has the log to itself.
  //
  // The rows that entries become behind a position, hashes and all; nothing is written. Throws errc::invalid_argument
  // as append() does.
  static std::vector<recorded_audit_entry> chain(const audit_position& after, std::span<const audit_entry> entries);
  // Records rows of chain() as they are, within the caller's transaction; the position of the last, or the head when
  // there are none. errc::failed_precondition, and nothing is written, unless they continue the log, each hash checked.
  audit_position append_chained(store::sql::transaction& in, std::span<const recorded_audit_entry> rows);

  // The newest entry that is committed; sequence 0 and the hash of the empty log when there is none.
  audit_position head() const;

  // A page in order; errc::invalid_argument for a limit of 0 or above max_audit_page. By subject it is found by an
  // index, by action by looking through the log.
  std::vector<recorded_audit_entry> entries(const audit_filter& wanted) const;

  // Signs the head, unless the newest checkpoint is of this head and this key, or the log is empty: then nothing.
  std::optional<audit_checkpoint> sign_head(const core::signing_key& key);

  // Walks the whole log on one snapshot, in constant memory, and holds every entry, every checkpoint, the head and the
  // anchors against each other. Throws errc::corrupt naming the first place that is not as it was recorded ("audit
  // entry 812 is missing"), also for a checkpoint that none of the keys signed. Reports entries to the job;
  // errc::cancelled.
  audit_report verify(std::span<const core::public_key> keys, core::job& job,
                      std::span<const audit_anchor> anchors = {}) const;

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace eunomia::subject
