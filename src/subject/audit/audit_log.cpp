#include "subject/audit/audit_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>

#include "core/error.h"
#include "core/hash.h"
#include "core/json_value.h"
#include "core/seal.h"
#include "core/time.h"
#include "subject/audit/audit_chain.h"
#include "subject/audit/audit_tables.h"
#include "subject/audit/audit_verification.h"
#include "subject/audit/plain_text.h"

// Appending. The head of the log is one row that every append moves on:
//
//   UPDATE audit_head SET <new> WHERE <the head that this process saw last>     one row: it still was that
//   INSERT INTO audit_entry
//
// No row: another process, or a transaction that rolled back, made what was remembered untrue; the head is read and the
// update made again. So the memory of the head needs no part in commits and rollbacks: it is a guess that the database
// checks, hash included. On PostgreSQL a second transaction waits at the row for the first, then fails as a conflict
// and is run again by database::write: the update comes first, so that two never meet at the key of audit_entry.
namespace eunomia::subject {

namespace sql = store::sql;

namespace {

[[noreturn]] void refuse_argument(const std::string& what) {
  throw core::error(core::errc::invalid_argument, what);
}

bool is_action_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

void check_action(std::string_view action) {
  if (action.empty() || action.size() > max_audit_action_bytes || !std::ranges::all_of(action, is_action_character)) {
    refuse_argument(
        fmt::format("the action of an audit entry has 1 to {} bytes (max_audit_action_bytes) of a-z, 0-9, '_', '-' "
                    "and '.', such as \"erasure.completed\"",
                    max_audit_action_bytes));
  }
}

// The message quotes nothing: details that are no JSON may be anything.
void check_details(std::string_view details) {
  if (details.size() > max_audit_details_bytes) {
    refuse_argument(fmt::format("the details of an audit entry have {} bytes, more than max_audit_details_bytes = {}",
                                details.size(), max_audit_details_bytes));
  }
  bool is_object = false;
  try {
    is_object = core::parse_json(details).type() == core::json_value::kind::object;
  } catch (const core::error&) {
    is_object = false;
  }
  if (!is_object || details.find('\n') != std::string_view::npos || details.find('\r') != std::string_view::npos) {
    refuse_argument("the details of an audit entry are one JSON object on one line");
  }
}

void check(std::span<const audit_entry> entries) {
  if (entries.size() > max_audit_batch) {
    refuse_argument(fmt::format("{} audit entries in one batch, more than max_audit_batch = {}; append them in parts",
                                entries.size(), max_audit_batch));
  }
  for (const audit_entry& entry : entries) {
    check_action(entry.action);
    check_details(entry.details);
  }
}

// The rows that entries become behind a head.
std::vector<recorded_audit_entry> chained(audit_position at, std::int64_t now, std::span<const audit_entry> entries) {
  std::vector<recorded_audit_entry> rows;
  rows.reserve(entries.size());
  for (const audit_entry& entry : entries) {
    recorded_audit_entry& row = rows.emplace_back();
    row.sequence = ++at.sequence;
    row.at_ms = now;
    row.actor = entry.by.text();
    row.action = entry.action;
    row.subject = entry.about ? entry.about->text() : std::string();
    row.details = entry.details;
    row.hash = at.hash =
        audit_chain::hash_of(at.hash, {row.sequence, row.at_ms, row.actor, row.action, row.subject, row.details});
  }
  return rows;
}

// Whether the head was the one expected, and is now the other.
bool move_head(sql::transaction& in, const audit_position& from, const audit_position& to) {
  return in.execute(
             "UPDATE audit_head SET sequence = :to_sequence, hash = :to_hash "
             "WHERE sequence = :from_sequence AND hash = :from_hash",
             {{"to_sequence", to.sequence},
              {"to_hash", core::to_hex(to.hash)},
              {"from_sequence", from.sequence},
              {"from_hash", core::to_hex(from.hash)}}) == 1;
}

void insert_one(sql::transaction& in, const recorded_audit_entry& row) {
  in.execute(
      "INSERT INTO audit_entry (sequence, at, actor, action, subject, details, hash) "
      "VALUES (:sequence, :at, :actor, :action, :subject, :details, :hash)",
      {{"sequence", row.sequence},
       {"at", row.at_ms},
       {"actor", row.actor},
       {"action", row.action},
       {"subject", row.subject},
       {"details", row.details},
       {"hash", core::to_hex(row.hash)}});
}

void insert_all(sql::transaction& in, std::span<const recorded_audit_entry> rows) {
  std::vector<std::int64_t> sequences;
  std::vector<std::int64_t> times;
  std::vector<std::string> hash_texts;
  std::vector<std::string_view> actors, actions, subjects, details, hashes;
  hash_texts.reserve(rows.size());
  for (const recorded_audit_entry& row : rows) {
    sequences.push_back(row.sequence);
    times.push_back(row.at_ms);
    actors.push_back(row.actor);
    actions.push_back(row.action);
    subjects.push_back(row.subject);
    details.push_back(row.details);
    hashes.push_back(hash_texts.emplace_back(core::to_hex(row.hash)));
  }
  in.insert_many("audit_entry", {{"sequence", std::span<const std::int64_t>(sequences)},
                                 {"at", std::span<const std::int64_t>(times)},
                                 {"actor", std::span<const std::string_view>(actors)},
                                 {"action", std::span<const std::string_view>(actions)},
                                 {"subject", std::span<const std::string_view>(subjects)},
                                 {"details", std::span<const std::string_view>(details)},
                                 {"hash", std::span<const std::string_view>(hashes)}});
}

void insert(sql::transaction& in, std::span<const recorded_audit_entry> rows) {
  if (rows.size() == 1) {
    insert_one(in, rows.front());
  } else {
    insert_all(in, rows);
  }
}

audit_position position_of(const recorded_audit_entry& row) {
  return {row.sequence, row.hash};
}

// Behind the head that the transaction sees.
std::vector<recorded_audit_entry> chained_to_head(sql::transaction& in, std::int64_t now,
                                                  std::span<const audit_entry> entries) {
  const audit_position from = audit_tables::read_head(in).at;
  std::vector<recorded_audit_entry> rows = chained(from, now, entries);
  if (!move_head(in, from, position_of(rows.back()))) {
    throw core::error(core::errc::internal, "the head of the audit log moved within a transaction");
  }
  return rows;
}

// A log begins once. One whose head is gone while entries are there does not begin again.
audit_tables::log_head open_or_begin(sql::transaction& in) {
  if (const auto found = audit_tables::find_head(in)) {
    return *found;
  }
  if (in.query_one("SELECT (SELECT COUNT(*) FROM audit_entry) + (SELECT COUNT(*) FROM audit_checkpoint)")[0].int64(0) >
      0) {
    return audit_tables::read_head(in);  // which says so
  }
  audit_tables::log_head made;
  core::random_bytes(made.log_id.bytes);
  made.at.hash = audit_chain::hash_of_empty_log(made.log_id);
  in.execute("INSERT INTO audit_head (single, log_id, sequence, hash) VALUES (1, :id, 0, :hash)",
             {{"id", core::to_hex(made.log_id)}, {"hash", core::to_hex(made.at.hash)}});
  return made;
}

}  // namespace

actor actor::token(std::string_view label) {
  if (label.empty() || label.size() > max_label_bytes || !is_plain_text(label)) {
    refuse_argument(
        fmt::format("the label of an actor has 1 to {} bytes (actor::max_label_bytes) of UTF-8 without "
                    "control characters",
                    max_label_bytes));
  }
  return actor("token " + std::string(label));
}

struct audit_log::state {
  explicit state(sql::database& database) : db(database) {
    db.migrate(audit_tables::migrations());
    const audit_tables::log_head head = db.write([](sql::transaction& in) { return open_or_begin(in); });
    log_id = head.log_id;
    id = core::to_hex(log_id);
    guessed = head.at;
  }

  audit_position guess() {
    const std::lock_guard lock(guessing);
    return guessed;
  }
  void remember(const audit_position& head) {
    const std::lock_guard lock(guessing);
    guessed = head;
  }

  sql::database& db;
  core::digest128 log_id;
  std::string id;
  std::mutex guessing;
  audit_position guessed;
};

audit_log::audit_log(sql::database& in) : state_(std::make_unique<state>(in)) {}

audit_log::~audit_log() = default;

const std::string& audit_log::id() const noexcept {
  return state_->id;
}

audit_position audit_log::append(sql::transaction& in, const audit_entry& entry) {
  return append(in, std::span(&entry, 1));
}

audit_position audit_log::append(sql::transaction& in, std::span<const audit_entry> entries) {
  check(entries);
  if (entries.empty()) {
    return audit_tables::read_head(in).at;
  }
  const std::int64_t now = core::now_ms();
  const audit_position from = state_->guess();
  std::vector<recorded_audit_entry> rows = chained(from, now, entries);
  if (!move_head(in, from, position_of(rows.back()))) {
    rows = chained_to_head(in, now, entries);
  }
  insert(in, rows);
  const audit_position to = position_of(rows.back());
  state_->remember(to);
  return to;
}

audit_position audit_log::append_to(sql::transaction& in, const audit_entry& entry) {
  check(std::span(&entry, 1));
  const std::vector<recorded_audit_entry> rows = chained_to_head(in, core::now_ms(), std::span(&entry, 1));
  insert(in, rows);
  return position_of(rows.back());
}

std::vector<recorded_audit_entry> audit_log::chain(const audit_position& after, std::span<const audit_entry> entries) {
  check(entries);
  return chained(after, core::now_ms(), entries);
}

audit_position audit_log::append_chained(sql::transaction& in, std::span<const recorded_audit_entry> rows) {
  const audit_position from = audit_tables::read_head(in).at;
  audit_position to = from;
  for (const recorded_audit_entry& row : rows) {
    to.hash =
        audit_chain::hash_of(to.hash, {++to.sequence, row.at_ms, row.actor, row.action, row.subject, row.details});
    if (row.sequence != to.sequence || row.hash != to.hash) {
      throw core::error(
          core::errc::failed_precondition,
          fmt::format("audit entry {} does not continue the log, whose head is {}: somebody else appended "
                      "to it, or the entry was changed; restore the database and its journal together",
                      row.sequence, from.sequence));
    }
  }
  if (!rows.empty()) {
    move_head(in, from, to);
    insert_all(in, rows);
    state_->remember(to);
  }
  return to;
}

audit_position audit_log::head() const {
  return state_->db.read([](sql::connection& in) { return audit_tables::read_head(in).at; });
}

std::vector<recorded_audit_entry> audit_log::entries(const audit_filter& wanted) const {
  if (wanted.limit == 0 || wanted.limit > max_audit_page) {
    refuse_argument(fmt::format("a page of audit entries has 1 to {} (max_audit_page), asked for {}", max_audit_page,
                                wanted.limit));
  }
  return state_->db.read([&](sql::connection& in) { return audit_tables::read_entries(in, wanted); });
}

std::optional<audit_checkpoint> audit_log::sign_head(const core::signing_key& key) {
  // Read apart from the write: what is signed was committed, and no append has to wait.
  const auto [newest, head] = state_->db.read([&](sql::connection& in) {
    return std::pair(audit_tables::newest_checkpoint(in, key.public_half().id()),
                     audit_verification::verified_head(in, key.public_half()));
  });
  if (head.sequence == 0 || (newest && newest->at == head)) {
    return std::nullopt;
  }
  audit_checkpoint made;
  made.at = head;
  made.signed_at_ms = core::now_ms();
  made.signature =
      core::sign(key, audit_chain::checkpoint_message(state_->log_id, head.sequence, head.hash, made.signed_at_ms));
  made.key_id = key.public_half().id();
  state_->db.write([&](sql::transaction& in) { audit_tables::write_checkpoint(in, made); });
  return made;
}

audit_report audit_log::verify(std::span<const core::public_key> keys, core::job& job,
                               std::span<const audit_anchor> anchors) const {
  return state_->db.read([&](sql::connection& in) { return audit_verification::verify(in, keys, anchors, job); });
}

}  // namespace eunomia::subject
