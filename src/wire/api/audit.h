#pragma once

#include <boost/describe.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/json.h"
#include "core/json_schema.h"
#include "core/sign.h"
#include "subject/audit/audit_log.h"

// The audit log as the API and the command line show it.
namespace eunomia::wire::api {

struct audit_question {
  std::int64_t after = 0;
  std::uint64_t limit = 100;
  std::string subject;
  std::string action;
};
BOOST_DESCRIBE_STRUCT(audit_question, (), (after, limit, subject, action))
core::json_notes notes_of(const audit_question*);

struct audit_entry_view {
  std::int64_t sequence = 0;
  std::string at;
  std::string actor;
  std::string action;
  std::optional<std::string> subject;
  core::json_value details;
  std::string hash;
};
BOOST_DESCRIBE_STRUCT(audit_entry_view, (), (sequence, at, actor, action, subject, details, hash))

struct audit_page {
  std::vector<audit_entry_view> entries;
  std::optional<std::int64_t> next_after;  // there may be more behind it
};
BOOST_DESCRIBE_STRUCT(audit_page, (), (entries, next_after))

// Throws as audit_log::entries, and errc::invalid_argument for a subject that is no pseudonym.
audit_page page_of(const subject::audit_log& log, const audit_question& asked);

// Their positions travel with the job.
inline constexpr std::size_t max_verified_certificates = 50;

struct new_audit_verification {
  std::vector<std::string> certificates;  // the files' text
};
BOOST_DESCRIBE_STRUCT(new_audit_verification, (), (certificates))
core::json_notes notes_of(const new_audit_verification*);

// Where an entry must be, with which hash, and who says so.
struct audit_anchor_row {
  std::int64_t sequence = 0;
  std::string hash;
  std::string source;
};
BOOST_DESCRIBE_STRUCT(audit_anchor_row, (), (sequence, hash, source))

// The arguments of a job that verifies.
struct audit_verification_order {
  std::vector<audit_anchor_row> anchors;
};
BOOST_DESCRIBE_STRUCT(audit_verification_order, (), (anchors))

// Its result.
struct audit_verification {
  bool valid = true;
  std::string log;
  std::int64_t entries = 0;
  std::string hash;
  std::int64_t checkpoints = 0;
  std::int64_t last_signed = 0;
  std::optional<std::string> last_signed_at;
  std::int64_t unsigned_entries = 0;
  std::uint64_t certificates = 0;
};
BOOST_DESCRIBE_STRUCT(audit_verification, (),
                      (valid, log, entries, hash, checkpoints, last_signed, last_signed_at, unsigned_entries,
                       certificates))

// The positions that certificates name, each once it was found genuine. Throws errc::invalid_argument naming the one
// that is not, or is of another log.
audit_verification_order order_of(std::span<const std::string> certificates, std::span<const core::public_key> keys,
                                  const subject::audit_log& log);
// Throws as audit_log::verify.
audit_verification verify_audit(const subject::audit_log& log, const audit_verification_order& wanted,
                                std::span<const core::public_key> keys, core::job& job);

}  // namespace eunomia::wire::api
