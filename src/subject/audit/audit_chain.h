#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/digest.h"

// What the hashes of the audit log and the signatures of its checkpoints are made of: a format that others can
// implement, and that never changes. Numbers are 8 bytes, little-endian, two's complement; text is its length in bytes,
// as such a number, and its UTF-8.
//
//   hash of the empty log    BLAKE2b-256("eunomia audit log 1" followed by a zero byte, then the log's id: 16 bytes)
//   hash of an entry         BLAKE2b-256(hash of the entry before: 32 bytes, sequence, time in ms UTC,
//                                        text of actor, action, subject, details)
//   signed by a checkpoint   "eunomia audit checkpoint 1" followed by a zero byte, the log's id: 16 bytes,
//                            sequence, hash of that entry: 32 bytes, time of the checkpoint in ms UTC
namespace eunomia::subject::audit_chain {

core::digest256 hash_of_empty_log(const core::digest128& log_id);

// The fields as they rest in the table; views.
struct link {
  std::int64_t sequence = 0;
  std::int64_t at_ms = 0;
  std::string_view actor;
  std::string_view action;
  std::string_view subject;
  std::string_view details;
};

core::digest256 hash_of(const core::digest256& previous, const link& entry);

// The bytes to sign.
std::string checkpoint_message(const core::digest128& log_id, std::int64_t sequence, const core::digest256& hash,
                               std::int64_t signed_at_ms);

}  // namespace eunomia::subject::audit_chain
