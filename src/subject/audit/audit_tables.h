#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/digest.h"
#include "store/sql/database.h"
#include "subject/audit/audit_log.h"

// The tables of the audit log, and what reads them. What rests there may have been altered: every reader throws
// errc::corrupt for what this program would not have written.
namespace eunomia::subject::audit_tables {

std::span<const store::sql::migration> migrations();

[[noreturn]] void refuse(const std::string& what);

struct log_head {
  core::digest128 log_id;
  audit_position at;
};

// Nothing when the row is missing.
std::optional<log_head> find_head(store::sql::connection& in);
// errc::corrupt when it is missing.
log_head read_head(store::sql::connection& in);

// Entries from a sequence on, in order; the next page begins behind the last.
std::vector<recorded_audit_entry> read_entries(store::sql::connection& in, std::int64_t from, std::size_t limit);
std::vector<recorded_audit_entry> read_entries(store::sql::connection& in, const audit_filter& wanted);

// Checkpoints behind (sequence, key_id), in that order.
std::vector<audit_checkpoint> read_checkpoints(store::sql::connection& in, std::int64_t sequence,
                                               std::string_view key_id, std::size_t limit);
// The newest that the key is said to have signed.
std::optional<audit_checkpoint> newest_checkpoint(store::sql::connection& in, std::string_view key_id);
void write_checkpoint(store::sql::transaction& in, const audit_checkpoint& made);

}  // namespace eunomia::subject::audit_tables
