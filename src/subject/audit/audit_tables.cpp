#include "subject/audit/audit_tables.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "core/hash.h"

namespace eunomia::subject::audit_tables {

namespace sql = store::sql;

namespace {

constexpr sql::migration steps[] = {{"audit", 1, R"(
  CREATE TABLE audit_head (
    single BIGINT PRIMARY KEY CHECK (single = 1),
    log_id {text} NOT NULL,    -- 128 random bits, hexadecimal
    sequence BIGINT NOT NULL,  -- of the newest entry; 0: none
    hash {text} NOT NULL       -- its hash, or that of the empty log
  );

  CREATE TABLE audit_entry (
    sequence BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    actor {text} NOT NULL,
    action {text} NOT NULL,
    subject {text} NOT NULL,  -- a pseudonym, or ''
    details {text} NOT NULL,  -- a JSON object on one line
    hash {text} NOT NULL      -- see audit_chain.h
  );
  CREATE INDEX audit_entry_about ON audit_entry (subject, sequence) WHERE subject <> '';

  CREATE TABLE audit_checkpoint (
    sequence BIGINT NOT NULL,
    key_id {text} NOT NULL,
    hash {text} NOT NULL,
    at BIGINT NOT NULL,
    signature {text} NOT NULL,  -- Ed25519, base64
    PRIMARY KEY (sequence, key_id)
  );
)"}};

#define EUNOMIA_AUDIT_ENTRY_COLUMNS "sequence, at, actor, action, subject, details, hash"
#define EUNOMIA_AUDIT_CHECKPOINT_COLUMNS "sequence, key_id, hash, at, signature"

// A reader's value or, where its text or type cannot be what was written, the place as corrupt.
template <class Read>
auto as_written(const std::string& place, Read read) {
  try {
    return read();
  } catch (const core::error& problem) {
    if (problem.code() != core::errc::invalid_argument && problem.code() != core::errc::internal) {
      throw;
    }
    refuse(fmt::format("{} is not as it was written: {}", place, problem.kept_message()));
  }
}

core::signature signature_from_base64(std::string_view text) {
  const auto bytes = core::from_base64(text);
  core::signature read;
  if (bytes.size() != read.bytes.size()) {
    throw core::error(core::errc::invalid_argument, fmt::format("a signature has 64 bytes, found {}", bytes.size()));
  }
  std::copy(bytes.begin(), bytes.end(), read.bytes.begin());
  return read;
}

// It is shown, so it must be what core::public_key::id writes.
std::string key_id_from_text(std::string_view text) {
  if (core::from_hex(text).size() != 8) {
    throw core::error(core::errc::invalid_argument, "the id of a key has 16 hexadecimal digits");
  }
  return std::string(text);
}

std::int64_t sequence_of(const sql::row& row, std::string_view table) {
  return as_written(fmt::format("the table {}", table), [&] { return row.int64(0); });
}

recorded_audit_entry entry_of(const sql::row& row) {
  const std::int64_t sequence = sequence_of(row, "audit_entry");
  return as_written(fmt::format("audit entry {}", sequence), [&] {
    return recorded_audit_entry{sequence,
                                row.int64(1),
                                std::string(row.text(2)),
                                std::string(row.text(3)),
                                std::string(row.text(4)),
                                std::string(row.text(5)),
                                core::digest256_from_hex(row.text(6))};
  });
}

audit_checkpoint checkpoint_of(const sql::row& row) {
  const std::int64_t sequence = sequence_of(row, "audit_checkpoint");
  return as_written(fmt::format("the checkpoint of audit entry {}", sequence), [&] {
    return audit_checkpoint{{sequence, core::digest256_from_hex(row.text(2))},
                            row.int64(3),
                            signature_from_base64(row.text(4)),
                            key_id_from_text(row.text(1))};
  });
}

template <class Row, class Convert>
std::vector<Row> all(const sql::rows& found, Convert convert) {
  std::vector<Row> converted;
  converted.reserve(found.size());
  for (const sql::row row : found) {
    converted.push_back(convert(row));
  }
  return converted;
}

}  // namespace

std::span<const sql::migration> migrations() {
  return steps;
}

void refuse(const std::string& what) {
  throw core::error(core::errc::corrupt, what);
}

std::optional<log_head> find_head(sql::connection& in) {
  const sql::rows found = in.query_one("SELECT log_id, sequence, hash FROM audit_head WHERE single = 1");
  if (found.empty()) {
    return std::nullopt;
  }
  return as_written("the head of the audit log", [&] {
    const sql::row row = found[0];
    return std::optional(
        log_head{core::digest128_from_hex(row.text(0)), {row.int64(1), core::digest256_from_hex(row.text(2))}});
  });
}

log_head read_head(sql::connection& in) {
  std::optional<log_head> found = find_head(in);
  if (!found) {
    refuse("the head of the audit log is missing: the table audit_head is empty; restore the database from a backup");
  }
  return *found;
}

std::vector<recorded_audit_entry> read_entries(sql::connection& in, std::int64_t from, std::size_t limit) {
  return all<recorded_audit_entry>(in.query("SELECT " EUNOMIA_AUDIT_ENTRY_COLUMNS
                                            " FROM audit_entry WHERE sequence >= :from ORDER BY sequence LIMIT :limit",
                                            {{"from", from}, {"limit", limit}}),
                                   entry_of);
}

std::vector<recorded_audit_entry> read_entries(sql::connection& in, const audit_filter& wanted) {
  std::string statement = "SELECT " EUNOMIA_AUDIT_ENTRY_COLUMNS " FROM audit_entry WHERE sequence > :after";
  std::vector<sql::argument> arguments = {{"after", wanted.after}, {"limit", wanted.limit}};
  const std::string about = wanted.about ? wanted.about->text() : std::string();
  if (wanted.about) {
    statement += " AND subject = :subject AND subject <> ''";  // the condition of the index, word for word
    arguments.emplace_back("subject", about);
  }
  if (!wanted.action.empty()) {
    statement += " AND action = :action";
    arguments.emplace_back("action", wanted.action);
  }
  statement += " ORDER BY sequence LIMIT :limit";
  return all<recorded_audit_entry>(in.query(statement, arguments), entry_of);
}

std::vector<audit_checkpoint> read_checkpoints(sql::connection& in, std::int64_t sequence, std::string_view key_id,
                                               std::size_t limit) {
  return all<audit_checkpoint>(
      in.query("SELECT " EUNOMIA_AUDIT_CHECKPOINT_COLUMNS
               " FROM audit_checkpoint WHERE sequence > :sequence OR (sequence = :sequence AND key_id > :key) "
               "ORDER BY sequence, key_id LIMIT :limit",
               {{"sequence", sequence}, {"key", key_id}, {"limit", limit}}),
      checkpoint_of);
}

std::optional<audit_checkpoint> newest_checkpoint(sql::connection& in, std::string_view key_id) {
  const sql::rows found = in.query("SELECT " EUNOMIA_AUDIT_CHECKPOINT_COLUMNS
                                   " FROM audit_checkpoint WHERE key_id = :key ORDER BY sequence DESC LIMIT 1",
                                   {{"key", key_id}});
  return found.empty() ? std::nullopt : std::optional(checkpoint_of(found[0]));
}

void write_checkpoint(sql::transaction& in, const audit_checkpoint& made) {
  in.execute("INSERT INTO audit_checkpoint (" EUNOMIA_AUDIT_CHECKPOINT_COLUMNS
             ") VALUES (:sequence, :key, :hash, :at, :signature) ON CONFLICT (sequence, key_id) DO NOTHING",
             {{"sequence", made.at.sequence},
              {"key", made.key_id},
              {"hash", core::to_hex(made.at.hash)},
              {"at", made.signed_at_ms},
              {"signature", core::to_base64(made.signature.bytes)}});
}

}  // namespace eunomia::subject::audit_tables
